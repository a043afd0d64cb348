"""``python -m segocr.cli`` is ``segocr``."""

from segocr.cli import main

main()
