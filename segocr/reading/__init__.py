"""Reading: from crops to readings. Where a line's print stands, which way is up, and how often one looks."""
