"""Programs that run in the environments of other frameworks; nothing of segocr is imported there."""
