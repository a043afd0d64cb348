"""What an idle service costs: ``python -m bench.idle_processor --seconds 300``.

`segocr serve` at default intervals over an inbox with nothing new in it. Printed: one JSON line, the
processor time of each process as a share of one core in percent, and of all but Prefect's server together.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from bench.chaos.service import Service
from segocr.bench.processor import own_seconds

_SETTINGS = '[[inbox]]\npath = "inbox"\n'
_PATIENCE = 600.0


def await_ready(service: Service) -> None:
    """Wait until it would extract.

    Raises:
        TimeoutError: It takes too long.
    """
    deadline = time.monotonic() + _PATIENCE
    while "extract: ready" not in (service.log.read_text() if service.log.exists() else ""):
        if time.monotonic() > deadline:
            raise TimeoutError(service.log.read_text()[-2000:])
        time.sleep(1)


def measure(service: Service, seconds: float) -> dict[str, float]:
    """Return the share of one core in percent, by what a process does."""
    before = {pid: own_seconds(pid) for pid in service.processes()}
    begin = time.monotonic()
    time.sleep(seconds)
    passed = time.monotonic() - begin
    shares: dict[str, float] = {}
    for pid, what in service.processes().items():
        spent = own_seconds(pid) - before.get(pid, 0.0)
        shares[what] = round(shares.get(what, 0.0) + 100 * spent / passed, 3)
    return shares


def main() -> None:
    """Run the service, leave it alone, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--rest", type=float, default=60, help="seconds to come to rest first")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        workspace = folder / "workspace"
        (workspace / "inbox" / "license_plates").mkdir(parents=True)
        service = Service(folder, workspace, _SETTINGS, {})
        try:
            service.keep_running()
            await_ready(service)
            time.sleep(options.rest)
            shares = measure(service, options.seconds)
        finally:
            running = service.stop()
    rest = round(sum(share for what, share in shares.items() if what != "prefect"), 3)
    print(json.dumps({"percent_of_a_core": shares, "all_but_prefect": rest, "seconds": options.seconds}))
    sys.exit(bool(running))


if __name__ == "__main__":
    main()
