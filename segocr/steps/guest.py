"""The loop inside an environment: answers calls of one engine until the other side goes.

Started by ``host`` as ``python -I -c …`` with one connected socket. What a framework prints goes to stderr.
Guest code: standard library and numpy only.

An engine is a module with ``start(settings) -> Engine``; an ``Engine`` has ``about`` and ``operations``.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import resource
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segocr.parentdeath import die_with_parent
from segocr.steps.protocol import Channel, Message, ProtocolError, Refusal

Operation = Callable[[Message], Message]


@dataclass(frozen=True, slots=True)
class Settings:
    """What an engine is told when it starts.

    Attributes:
        device: ``auto``, ``cpu`` or ``cuda:N``.
        threads: How many it may use; 0 for as many as there are cores.
        cache: Directory of its own for what can be rebuilt (compiled models).
    """

    device: str
    threads: int
    cache: Path


@dataclass(frozen=True, slots=True)
class Engine:
    """A started engine.

    Attributes:
        about: Name, version, devices, for ``doctor``; JSON.
        operations: Name to function from call to answer; it may raise ``Refusal``.
    """

    about: dict[str, Any]
    operations: Mapping[str, Operation]


def digest_of(package: Path) -> str:
    """Return the SHA-256 over names and contents of a guest package's Python files, as hexadecimal digits."""
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(package).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _limit(memory_mb: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory_mb:
        most = _at_most(memory_mb << 20, resource.getrlimit(resource.RLIMIT_AS)[1])
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _at_most(wanted: int, hard: int) -> int:
    """Return a limit that this process may set: none above the hard one that it was started with."""
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


def _limit_processor_time(seconds: int) -> None:
    """Let this process have so many more seconds of processor time; the kernel ends it after that."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(usage.ru_utime + usage.ru_stime) + seconds + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (_at_most(soft, hard), hard))


def _start(module: str, message: Message) -> Engine:
    body = message.body
    settings = Settings(body["device"], body["threads"], Path(body["cache"]))
    try:
        engine: Engine = importlib.import_module(module).start(settings)
    except ImportError as error:
        raise Refusal("environment", "environment-broken", f"{type(error).__name__}: {error}") from error
    return engine


def _answer(engine: Engine, message: Message) -> Message:
    operation = engine.operations.get(message.body.pop("operation", ""))
    if operation is None:
        raise Refusal("request", "unknown-operation", f"operations are {', '.join(engine.operations)}")
    started = time.perf_counter()
    answer = operation(message)
    answer.body["seconds"] = time.perf_counter() - started
    return answer


def _refusal(error: Exception) -> Message:
    if isinstance(error, Refusal):
        body = {"culprit": error.culprit, "code": error.code, "message": error.message, "item": error.item}
    elif isinstance(error, MemoryError):
        body = {
            "culprit": "environment",
            "code": "out-of-memory",
            "message": "not enough memory",
            "item": None,
        }
    else:
        traceback.print_exc()
        text = f"{type(error).__name__}: {error}"[:2000]
        body = {"culprit": "request", "code": "engine-failed", "message": text, "item": None}
    return Message("refusal", body)


def serve(channel: Channel, module: str, processor_seconds: int) -> None:
    """Answer until the other side goes: first ``hello``, then the engine's start, then its operations."""
    engine: Engine | None = None
    while True:
        try:
            message = channel.receive()
        except (EOFError, ProtocolError):
            return
        try:
            if processor_seconds:
                _limit_processor_time(processor_seconds)
            if engine is None:
                engine = _start(module, message)
                answer = Message("answer", {"about": engine.about})
            else:
                answer = _answer(engine, message)
        except Exception as error:
            answer = _refusal(error)
        finally:
            for descriptor in message.files:
                os.close(descriptor)
        try:
            channel.send(answer)
        except OSError:
            return
        del message, answer  # pixels are not kept until the next call


def main() -> None:
    """Entry point.

    Arguments are descriptor, parent's id, engine module, memory limit (MB), processor seconds.
    """
    descriptor, parent, module, memory_mb, processor_seconds = sys.argv[1:6]
    die_with_parent(int(parent))
    os.dup2(2, 1)  # what a framework prints must not fill a pipe that nobody reads
    _limit(int(memory_mb))
    channel = Channel(socket.socket(fileno=int(descriptor)))
    package = Path(__file__).resolve().parents[1]
    channel.send(Message("hello", {"digest": digest_of(package), "python": sys.version.split()[0]}))
    serve(channel, module, int(processor_seconds))
    sys.stderr.flush()
    os._exit(0)  # frameworks' own exit handlers can hang or crash
