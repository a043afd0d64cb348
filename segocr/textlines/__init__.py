"""Text lines: which line of a page is which field, told by a small head that learns from a few pages.

page → lines (detected, read) → evidence (what the fields' patterns find in them) → features → head →
assignment → regions.
"""
