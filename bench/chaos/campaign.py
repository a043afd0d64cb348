"""One campaign: drop, break, wait, judge."""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.chaos import ledger
from bench.chaos.faults import Clock, Limited, Mounted, Room, full_disk, outage
from bench.chaos.service import TARGETS, Service
from bench.chaos.writers import SETTLE, Dropped, drop_all
from bench.postgresql import Server, own_server, server_programs, server_user
from db.connect import Engine, open_database
from db.schema import prepare
from segocr.errors import DatabaseError

FAULTS = (*TARGETS, "disk", "clock")
"""All kinds of faults; with PostgreSQL there is one more."""
POSTGRESQL = "postgresql"
_LOOK = 0.5
_ROOM_MEGABYTES = 300
_ROOM_FOR_A_FILE = 0.2
"""Megabytes of the database and of Prefect's, besides the file itself."""


@dataclass
class Campaign:
    """What a campaign is made of.

    Attributes:
        folder: Holds everything.
        files: What is dropped.
        faults: How many.
        seconds: Over which files are dropped.
        patience: Seconds without progress that end it.
        dice: Decide everything.
        server: PostgreSQL, to be killed, too; None: SQLite.
        targets: What befalls the service, each as often as the others.
        kills: How many faults of each kind there were.
    """

    folder: Path
    files: Sequence[Dropped]
    faults: int
    seconds: float
    patience: float
    dice: random.Random
    server: Server | None
    targets: Sequence[str]
    kills: Counter[str] = field(default_factory=Counter)
    started: float = field(default_factory=time.monotonic)

    @property
    def workspace(self) -> Path:
        """Where the service works."""
        return self.folder / "workspace"

    @property
    def inboxes(self) -> tuple[Path, Path]:
        """One on the workspace's disk, and one on another, as a share of the network is."""
        return self.workspace / "inbox", self.folder / "share"

    def run(self) -> tuple[ledger.Verdict, bool, list[str]]:
        """Return how the files ended, whether all did in time, and what still runs."""
        self.kills.update(dict.fromkeys(self.targets, 0))
        self.workspace.mkdir(parents=True)
        with ExitStack() as stack:
            mounted = self._mount(stack)
            for inbox in self.inboxes:
                for route in {file.path.rpartition("/")[0] for file in self.files}:
                    (inbox / route).mkdir(parents=True)
            clock = Clock(self.folder / "clock")
            database = {"SEGOCR_DATABASE_URL": self.server.url} if self.server else {}
            variables = clock.variables | database
            service = Service(self.folder, self.workspace, _settings(self.inboxes), variables)
            stack.callback(service.end)
            url = self.server.url if self.server else "sqlite:///segocr.db"
            engine = open_database(url, folder=self.workspace)
            stack.callback(engine.dispose)
            prepare(engine)
            service.keep_running()
            writers = drop_all(self.inboxes, self.files, self.seconds, self.dice)
            self._break(service, engine, mounted or Limited(service.processes), clock)
            writers.join()
            done = self._await(service, engine)
            running = service.stop()
            return ledger.judge(engine, self.workspace, self.inboxes, self.files), done, running

    def _mount(self, stack: ExitStack) -> Room | None:
        megabytes = sum(len(file.content) for file in self.files) / 1e6
        size = int(_ROOM_MEGABYTES + 2 * megabytes + _ROOM_FOR_A_FILE * len(self.files))
        try:
            mounted = Mounted(self.workspace, size)
        except OSError:
            self._say("no mounting here: the disk is full by RLIMIT_FSIZE")
            return None
        stack.callback(mounted.unmount, self.folder / "kept")
        return mounted

    def _break(self, service: Service, engine: Engine, room: Room, clock: Clock) -> None:
        """Do harm at random moments of the work: when so and so many files have ended."""
        targets = [self.targets[number % len(self.targets)] for number in range(self.faults)]
        self.dice.shuffle(targets)
        moments = sorted(self.dice.uniform(0, 0.95 * len(self.files)) for _ in targets)
        for target, moment in zip(targets, moments, strict=True):
            deadline = time.monotonic() + self.patience
            while self._ended(engine) < moment and time.monotonic() < deadline:
                service.keep_running()
                time.sleep(_LOOK)
            time.sleep(self.dice.uniform(0, 2))
            if self._harm(target, service, room, clock):
                self.kills[target] += 1
            count = sum(self.kills.values())
            self._say(f"{count} {target}, {self._ended(engine)} of {len(self.files)} ended")

    def _harm(self, target: str, service: Service, room: Room, clock: Clock) -> bool:
        if target == "disk":
            full_disk(room, self.dice)
        elif target == "clock":
            clock.set_back(self.dice.choice((5, 60, 3600, 86400)))
        elif target == POSTGRESQL:
            assert self.server is not None
            outage(self.server, self.dice)
        else:
            return service.kill(target, self.dice)
        return True

    def _ended(self, engine: Engine) -> int:
        try:
            return ledger.ended(engine)
        except DatabaseError:  # locked, full or gone for a moment
            return -1

    def _await(self, service: Service, engine: Engine) -> bool:
        """Wait until all have ended and nothing is left; give up when nothing happens for so many seconds."""
        best, since = -1, time.monotonic()
        while time.monotonic() - since < self.patience:
            service.keep_running()
            now = self._ended(engine)
            if now >= len(self.files) and not ledger.left_over(self.workspace, self.inboxes):
                return True
            if now > best:
                best, since = now, time.monotonic()
                self._say(f"{now} of {len(self.files)} ended")
            time.sleep(10 * _LOOK)
        return False

    def _say(self, line: str) -> None:
        print(f"{time.monotonic() - self.started:5.0f} s  {line}", file=sys.stderr, flush=True)


def _settings(inboxes: Sequence[Path]) -> str:
    tables = [
        f'[[inbox]]\npath = "{inbox}"\ninterval = 1\nsettle_seconds = {SETTLE}\nstale_after = 60\n'
        for inbox in inboxes
    ]
    return "".join(tables) + "[limits]\nattempts = 3\n"


@contextmanager
def database(kind: str) -> Iterator[Server | None]:
    """Run PostgreSQL for a ``with`` block, if that is the kind.

    Raises:
        SystemExit: It is not installed, or this user may not run it.
    """
    if kind == "sqlite":
        yield None
        return
    programs, user = server_programs(), server_user()
    if programs is None or user is None:
        raise SystemExit("no PostgreSQL server can be run here (Debian: apt install postgresql)")
    with own_server(programs, user) as server:
        yield server


def summary(campaign: Campaign, verdict: ledger.Verdict) -> Mapping[str, object]:
    """Return what the JSON line says of the files."""
    kinds = Counter(file.kind.value for file in campaign.files)
    return {
        "files": len(campaign.files),
        "broken": kinds["broken"],
        "copies": kinds["copy"],
        "records": verdict.records,
        "lost": len(verdict.lost),
        "twice": len(verdict.twice),
        "silent": len(verdict.silent),
        "left": len(verdict.left),
    }
