"""Pages without any label: not labelled yet, more often than not."""

from __future__ import annotations

from collections.abc import Sequence

from segocr.evaluation.labels import LabelledDocument


def with_labels(documents: Sequence[LabelledDocument], *, negatives: bool) -> list[LabelledDocument]:
    """Return the documents that have a label.

    A page without any has not been labelled yet, more often than not, and would teach that nothing stands
    where its fields are.

    Args:
        documents: Of any split.
        negatives: Whether a page without labels shows that nothing stands on it; then all are returned.
    """
    return [document for document in documents if negatives or document.labels]


def left_out_said(every: Sequence[LabelledDocument], kept: Sequence[LabelledDocument]) -> str:
    """Say how many pages were left out for want of labels; nothing if none was."""
    if len(kept) == len(every):
        return ""
    return f"{len(every) - len(kept)} of {len(every)} pages have no label: left out"
