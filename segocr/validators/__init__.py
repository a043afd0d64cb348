"""Validators: what a field's text means, and whether it can be true. Guest code: standard library only.

Libraries that a validator needs (python-stdnum, phonenumbers) are imported when it first runs.
"""
