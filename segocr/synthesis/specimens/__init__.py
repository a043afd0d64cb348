"""Sample documents drawn by this project: nobody's passport, nobody's car, nobody's shopping.

``python -m segocr.synthesis.specimens`` draws them again, picture for picture, from a seed. What is drawn
belongs to an invented country (``UTO``, the code that ICAO 9303 uses in its examples) and to invented people.

It needs the Debian packages ``fonts-ocr-b`` and ``fonts-liberation``; the pictures are committed, so that
nobody else needs them.
"""
