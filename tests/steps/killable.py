"""A command or a keeper to be killed: it says ``ready``, and its host's process number, and waits.

``killable.py alone GUEST``: a command with its own keeper, in the middle of a call.
``keeper GUEST ADDRESS``: a shared
keeper. ``attached GUEST ADDRESS``: a command in the middle of a call to that one.
"""

from __future__ import annotations

import sys
from pathlib import Path

import faulty

import segocr.steps.host as host_module
from segocr.steps.attached import AttachedKeeper
from segocr.steps.engines import ENGINES
from segocr.steps.guest import digest_of
from segocr.steps.keeper import Keeper
from segocr.steps.protocol import Message
from segocr.steps.service import Service


def announce(keeper: Keeper | AttachedKeeper) -> None:
    keeper.start(faulty.key())
    print("ready", keeper.describe()[0].pid, flush=True)


def main() -> None:
    mode, guest = sys.argv[1], Path(sys.argv[2])
    host_module.guest_code = lambda: (guest, digest_of(guest / "segocr"))
    ENGINES["test/faults"] = faulty.FAULTS
    if mode == "keeper":
        keeper = Keeper()
        service = Service(keeper, "\0" + sys.argv[3])
        announce(keeper)
        service.run()
    else:
        user = Keeper() if mode == "alone" else AttachedKeeper("\0" + sys.argv[3])
        announce(user)
        user.call(faulty.key(), Message("call", {"operation": "hang"}), 600)


if __name__ == "__main__":
    main()
