"""One process at a time: what several commands need at once, the first one makes, and the others wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: there two commands must not work on the same run at once
    fcntl = None

from dgnet_lite.training import distributed


@contextmanager
def alone(folder: Path, name: str) -> Iterator[None]:
    """Within the block no other process of this computer is in the block of this folder and name; it waits.

    A process that dies lets the next one in. The processes that torchrun started are one, and do not wait.
    """
    if fcntl is None or distributed.share().count > 1:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
