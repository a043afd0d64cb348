"""Steps: what runs in a subprocess of its own environment, behind a small typed contract.

``client.Steps`` is what the rest of segocr uses. Behind it: ``keeper`` (owns hosts), ``host`` (one supervised
subprocess), ``protocol`` (what travels between them), ``guest`` (the loop inside), and one file an engine.
"""
