"""PDF pages with PDFium."""

from __future__ import annotations

from typing import IO

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium

from segocr.steps.open.limits import Limits, OpenedPage, check_number
from segocr.steps.protocol import Refusal

_POINTS_PER_INCH = 72.0


def open_page(file: IO[bytes], number: int, limits: Limits) -> OpenedPage:
    """Render one page at ``limits.dpi``.

    Raises:
        Refusal: ``encrypted``, ``truncated``, ``unreadable``, or beyond a limit.
    """
    try:
        document = pypdfium2.PdfDocument(file, autoclose=False)
    except pypdfium2.PdfiumError as error:
        raise _refusal(file, error) from error
    try:
        limits.check_pages(len(document))
        check_number(number, len(document))
        _load_forms(document)
        page = document[number - 1]
        scale = limits.dpi / _POINTS_PER_INCH
        width, height = page.get_size()
        limits.check_size(width * scale, height * scale)
        bitmap = page.render(scale=scale, rev_byteorder=False, prefer_bgrx=False, maybe_alpha=False)
        image = np.array(bitmap.to_numpy())
        if image.ndim == 2 or image.shape[2] == 1:
            image = np.repeat(image.reshape(*image.shape[:2], 1), 3, axis=2)
        return OpenedPage(np.ascontiguousarray(image[:, :, :3]), limits.dpi, len(document))
    finally:
        document.close()


def _load_forms(document: pypdfium2.PdfDocument) -> None:
    """Have the pages that are loaded from now on draw their form fields, with what people typed into them.

    ``PdfDocument.init_forms`` is not it: it draws no fields where the document names no form, and would load
    XFA where PDFium can. Without a JavaScript platform no script runs, whatever PDFium was built with. The
    document closes the form, after its pages.
    """
    config = pdfium.FPDF_FORMFILLINFO(version=2, xfa_disabled=True)
    form = pdfium.FPDFDOC_InitFormFillEnvironment(document, config)
    if form:  # else the form is beyond repair; the page itself need not be
        document.formenv = pypdfium2.PdfFormEnv(form, config)


def _refusal(file: IO[bytes], error: pypdfium2.PdfiumError) -> Refusal:
    if "password" in str(error).lower():
        return Refusal("document", "encrypted", "the PDF is encrypted; a password is needed")
    file.seek(0, 2)
    file.seek(max(0, file.tell() - 4096))
    if b"%%EOF" not in file.read():
        return Refusal("document", "truncated", "the PDF ends too early (it has no end mark)")
    return Refusal("document", "unreadable", f"the PDF cannot be read ({error})")
