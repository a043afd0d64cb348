"""Evaluation: a template measured on labelled documents, end to end, and which step loses what."""
