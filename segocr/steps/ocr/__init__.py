"""OCR engines: strips to readings under constraints, pages to line polygons."""
