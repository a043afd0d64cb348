"""Folders of labelled documents: imported, checked, split, written."""
