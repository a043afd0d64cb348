"""Faults of disks and folders: no single file's, so work rests, and goes on by itself once they are gone."""

from __future__ import annotations

import errno

from segocr.errors import SegocrError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def disk_error(error: OSError, what: str) -> SegocrError:
    """Return what a refused file operation means for whoever runs the service; it names no file.

    Args:
        error: From the operating system.
        what: What was about to be done, as it follows "to".

    Returns:
        An error that knows that trying again can help: ``disk-full`` or ``folder-unusable``.
    """
    if error.errno in _NO_ROOM:
        fault = SegocrError(
            f"there is no room to {what}",
            code="disk-full",
            hint="free space on the disk of the workspace; it goes on by itself",
        )
    else:
        fault = SegocrError(
            f"it is not possible to {what}: {error.strerror or type(error).__name__}",
            code="folder-unusable",
            hint="see to the disks and rights of the inboxes, work/, done/ and failed/; it goes on by itself",
        )
    fault.transient = True
    return fault
