"""Prefect flows: thin verbs over segocr, and the only code that imports Prefect."""
