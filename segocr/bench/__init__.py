"""Benchmark: segocr, the plain way, full-page OCR and the floor on the same documents in one run."""
