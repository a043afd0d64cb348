"""The fault campaign: files dropped in every bad manner while everything under the service fails.

    python -m bench.chaos --files 2000 --kills 50
    python -m bench.chaos --files 500 --kills 20 --database postgresql

writers.py   what is dropped, and how badly
service.py   `segocr serve` under the campaign: its processes, killed and started again
faults.py    what else fails: the disk, the clock, PostgreSQL
ledger.py    what the database and the folders say at the end
campaign.py  all of it together
__main__.py  options, and one JSON line
"""
