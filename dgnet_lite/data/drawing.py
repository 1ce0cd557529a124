"""Drawing many pictures, in this process or in several.

Kept free of heavy imports, since every worker process imports it.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from PIL import Image

from .factors import Row
from .picture import render

QUALITY = 92  # of the JPEG files
CHUNK = 64  # pictures given to a worker at once
WORTH_A_PROCESS = 500  # pictures that take as long as starting a process
T = TypeVar("T")
R = TypeVar("R")


def draw_files(job: tuple[str, list[Row], int, list[tuple[str, Row]]]) -> int:
    """Write pictures as JPEG: (folder, cameras, height, [(path in the folder, factors)]) -> how many."""
    folder, cameras, height, rows = job
    for path, row in rows:
        picture = render(row, row, cameras[row["camera"] - 1], height)
        Path(folder, path).write_bytes(jpeg(picture))
    return len(rows)


def jpeg(picture: np.ndarray) -> bytes:
    """The file of an RGB uint8 (H, W, 3) picture."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=QUALITY, subsampling=0)
    return buffer.getvalue()


def draw_pairs(job: tuple[list[Row], int, list[tuple[Row, Row]]]) -> np.ndarray:
    """Pictures of (cameras, height, [(appearance, structure)]): uint8 (N, height, height // 2, 3)."""
    cameras, height, pairs = job
    return np.stack([render(a, s, cameras[s["camera"] - 1], height) for a, s in pairs])


def in_chunks(items: list[T]) -> list[list[T]]:
    return [items[i : i + CHUNK] for i in range(0, len(items), CHUNK)]


def run(work: Callable[[T], R], jobs: list[T], workers: int | None) -> Iterator[tuple[int, R]]:
    """Do the jobs, as (number, result) in the order of their ending.

    Args:
        work: a function at a module's top level.
        workers: processes; None takes one per CPU, but none for less than `WORTH_A_PROCESS` pictures; 1, or a single
            job, stays in this process.
    """
    most = max(1, len(jobs) * CHUNK // WORTH_A_PROCESS) if workers is None else len(jobs)
    workers = min(count_workers(workers), most)
    if workers <= 1 or not _main_can_be_imported():
        for number, job in enumerate(jobs):
            yield number, work(job)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent)
    try:
        waiting: dict[Any, int] = {pool.submit(work, job): number for number, job in enumerate(jobs)}
        for done in as_completed(waiting):
            yield waiting.pop(done), done.result()
    except BrokenProcessPool as error:
        raise RuntimeError(
            "A worker process died. Either memory ran out, or the script that was started does its work outside "
            '`if __name__ == "__main__":`. Mend it, or give workers=1.'
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def count_workers(workers: int | None) -> int:
    if workers is None:
        return os.cpu_count() or 1
    if workers < 1:
        raise ValueError(f"workers must be at least 1 (or None for one per CPU), got {workers}.")
    return workers


def _main_can_be_imported() -> bool:
    """Whether a new process can start: it reads the main script again, which fails for a script typed on stdin."""
    path = getattr(sys.modules["__main__"], "__file__", None)
    return path is None or Path(path).exists()


def _end_with_parent() -> None:
    """A worker whose parent was killed must not go on drawing, nor wait for ever."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    if parent is not None:
        threading.Thread(target=watch, daemon=True).start()
