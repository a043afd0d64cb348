"""Templates: YAML files that say what a document type holds, checked and compiled.

source.py      YAML text with the place of everything in it
written.py     the language as pydantic models (and its JSON Schema)
mistakes.py    pydantic's findings as file:line:column
names.py       names that SQL can carry
fieldspecs.py  a field as written → FieldSpec, its constraint compiled
load.py        finding and loading
spec.py        Template and FieldSpec
"""

from segocr.templates.load import find_templates, load_template, load_templates, shipped_folder
from segocr.templates.routes import route
from segocr.templates.spec import FieldSpec, Template

__all__ = [
    "FieldSpec",
    "Template",
    "find_templates",
    "load_template",
    "load_templates",
    "route",
    "shipped_folder",
]
