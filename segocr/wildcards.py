"""Patterns such as ``in/**/*.jpg``: what the shell would make of them, without running in circles."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_ANY_DEPTH = "**"


@dataclass(frozen=True, slots=True)
class Matches:
    """What a pattern stands for.

    Attributes:
        paths: Files and folders, and folders below a ``**`` that cannot be listed.
        links: Links to folders below a ``**``, which were not followed.
    """

    paths: set[Path] = field(default_factory=set)
    links: set[Path] = field(default_factory=set)


def match(pattern: str) -> Matches:
    """Find what a pattern stands for.

    ``*``, ``?`` and ``[…]`` mean what they mean in the shell, links included. ``**`` stands for a folder and
    all those in it, hidden ones and links left out: one link that leads upwards would make the tree endless,
    and two of them the search.
    """
    found = Matches()
    _match(pattern, Path(), found)
    return found


def _match(pattern: str, root: Path, found: Matches) -> None:
    parts = re.sub("/+", "/", pattern).split("/")
    if _ANY_DEPTH not in parts:
        found.paths.update(root / path for path in glob.glob(pattern, root_dir=root))  # noqa: PTH207
        return
    place = parts.index(_ANY_DEPTH)
    folders = "/".join(parts[:place]) + "/" if place else "."
    rest = "/".join(parts[place + 1 :] or ["*"]) or "."
    for top in glob.glob(folders, root_dir=root):  # noqa: PTH207
        for folder in _folders_below(root / top, found):
            inside = Matches()
            _match(rest, folder, inside)
            found.links.update(inside.links)
            for path in inside.paths:
                link = _link_between(folder, path)
                if link is None:
                    found.paths.add(path)
                else:
                    found.links.add(link)


def _folders_below(top: Path, found: Matches) -> Iterator[Path]:
    """Yield a folder and the visible ones below; keep those that cannot be listed, and links."""
    for place, folders, _ in os.walk(top, onerror=lambda error: found.paths.add(Path(error.filename))):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found.links.update(path for name in folders if (path := Path(place, name)).is_symlink())
        yield Path(place)


def _link_between(folder: Path, path: Path) -> Path | None:
    """Return the first link to a folder on the way from a folder to what lies in it."""
    way = [path, *path.parents]
    below = reversed(way[: way.index(folder)])
    return next((step for step in below if step.is_symlink() and step.is_dir()), None)
