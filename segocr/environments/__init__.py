"""Environments: the Python environments that step hosts run in.

``specs`` says which there are, ``locate`` where they are, ``build`` makes and removes them,
``guestcode`` keeps the copy of segocr's own guest modules that they import. Pins stand in ``<name>.txt``.
"""
