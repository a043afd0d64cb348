"""Opening: every foreign byte is decoded here, under limits on memory and time, and nowhere else."""
