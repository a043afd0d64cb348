"""The fault campaign: files dropped in every bad manner while processes of the service are killed.

    python -m bench.chaos --files 2000 --kills 50

writers.py   what is dropped, and how badly
service.py   `segocr serve` under the campaign: its processes, killed and started again
ledger.py    what the database and the folders say at the end
__main__.py  the campaign, and its one JSON line
"""
