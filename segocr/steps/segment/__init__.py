"""Segmentation engines: page to regions."""
