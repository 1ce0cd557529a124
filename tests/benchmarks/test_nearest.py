"""What it costs to find ten neighbours in a large gallery: exactly, block by block, and nearly, with faiss.

    python -m pytest tests/benchmarks/test_nearest.py -m benchmarks -s              # 100,000 images, about a minute

The numbers that lesson 15 draws; eight minutes or more of one core, 6 GB. What is measured already is kept, so the
same command goes on after an interruption:

    OMP_NUM_THREADS=1 NEAREST_GALLERY=1000000 NEAREST_OUT=notebooks/results/nearest.json \
        python -m pytest tests/benchmarks/test_nearest.py -m benchmarks -s

One thread; seconds are those of the CPU, so that other work on the machine counts as little as can be. Nothing is
asserted but that the exact search of faiss finds what ours finds.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from dgnet_lite.evaluation.crowd import Crowd, crowd
from dgnet_lite.evaluation.nearest import nearest
from dgnet_lite.training.checkpoint import write_whole

faiss = pytest.importorskip("faiss", reason="of the extra 'faiss': pip install -e '.[faiss]'")
pytestmark = [pytest.mark.benchmarks, pytest.mark.slow]

TOP = 10
INDEXES = {
    "flat": [("Flat", "", None)],
    "IVF": [("IVF{cells},Flat", "nprobe", n) for n in (1, 4, 16, 64, 256)],
    "IVF, 8 bits a number": [("IVF{cells},SQ8", "nprobe", n) for n in (1, 4, 16, 64, 256)],
    "HNSW": [("HNSW16,Flat", "efSearch", n) for n in (16, 32, 64, 128, 256)],
}
"""By name, faiss's description of the index, and the settings of its search, from quick to careful."""


@pytest.fixture(scope="module")
def size() -> dict[str, int | float]:
    return {
        "gallery": int(os.environ.get("NEAREST_GALLERY", "100000")),
        "queries": 1000,
        "dimensions": 512,
        "per_person": 20,
        "inside": 0.5,
        "exponent": 1.0,
        "seed": 0,
    }


@pytest.fixture(scope="module")
def made(size) -> Crowd:
    return crowd(**size, progress=True)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    faiss.omp_set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Store:
    """What is measured, on disk if NEAREST_OUT names a file; numbers of another size or seed are not kept."""

    def __init__(self, size: dict[str, int | float]) -> None:
        self.path = Path(os.environ["NEAREST_OUT"]) if os.environ.get("NEAREST_OUT") else None
        self.found = {"command": _command(size), "size": size, "top": TOP, "rows": {}}
        if self.path and self.path.is_file():
            before = json.loads(self.path.read_text())
            if before["size"] == size:
                self.found["rows"] = before["rows"]

    def add(self, name: str, rows: list[dict[str, float | str]]) -> None:
        for row in rows:
            row.update(device=_processor(), torch=torch.__version__, faiss=faiss.__version__)
        self.found["rows"][name] = rows
        for row in rows:
            shown = "  ".join(f"{key} {value:.4g}" for key, value in row.items() if isinstance(value, int | float))
            print(f"\n{name}: {shown}")
        if self.path:
            text = json.dumps(self.found, indent=1) + "\n"
            write_whole(self.path, lambda file: file.write(text.encode()))


@pytest.fixture(scope="module")
def store(size) -> Store:
    return Store(size)


@pytest.fixture(scope="module")
def exact(made, store) -> np.ndarray:
    """(Q, TOP), the exact answer by blocks; measured on the way."""
    seconds, found = timed(lambda: nearest(made.query, made.gallery, TOP, progress=True))
    if "exact by blocks" not in store.found["rows"]:
        row = {"build_s": 0.0, "bytes": made.gallery.nbytes / len(made.gallery)}
        store.add("exact by blocks", [row | judged(made, found.indices, found.indices, seconds)])
    return found.indices


@pytest.mark.parametrize("name", INDEXES)
def test_a_gallery_searched_with_faiss(name, made, exact, store):
    if name in store.found["rows"]:
        pytest.skip("measured already, see the file of NEAREST_OUT")
    cells = 2 ** round(np.log2(2 * len(made.gallery) ** 0.5))
    index = faiss.index_factory(
        made.gallery.shape[1], INDEXES[name][0][0].format(cells=cells), faiss.METRIC_INNER_PRODUCT
    )
    built, _ = timed(lambda: (index.train(made.gallery[: 50 * cells]), index.add(made.gallery)))
    rows = []
    for _, knob, value in INDEXES[name]:
        if knob:
            faiss.ParameterSpace().set_index_parameter(index, knob, value)
        seconds, (_, found) = timed(lambda: index.search(made.query, TOP))
        row = {
            "setting": f"{knob} {value}" if knob else "",
            "build_s": built,
            "bytes": stored(index) / len(made.gallery),
        }
        rows.append(row | judged(made, found, exact, seconds))
    store.add(name, rows)
    if name == "flat":
        assert rows[0]["recall"] > 0.999


def judged(made: Crowd, found: np.ndarray, exact: np.ndarray, seconds: float) -> dict[str, float]:
    """recall: share of the exact answer that is found; rank1: queries whose first neighbour is the right person."""
    hits = [len(np.intersect1d(a, b)) / TOP for a, b in zip(found, exact, strict=True)]
    right = made.gallery_ids[found[:, 0]] == made.query_ids
    return {
        "recall": float(np.mean(hits)),
        "rank1": float(right.mean()),
        "search_ms": 1000 * seconds / len(found),
    }


def timed(work: Callable[[], object]) -> tuple[float, object]:
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def stored(index: faiss.Index) -> int:
    """Bytes of an index, counted while it is written to nowhere."""
    count = 0

    def swallow(part: bytes) -> int:
        nonlocal count
        count += len(part)
        return len(part)

    faiss.write_index(index, faiss.PyCallbackIOWriter(swallow))
    return count


def _command(size: dict[str, int | float]) -> str:
    out = "notebooks/results/nearest.json"
    run = "python -m pytest tests/benchmarks/test_nearest.py -m benchmarks -s"
    return f"OMP_NUM_THREADS=1 NEAREST_GALLERY={size['gallery']} NEAREST_OUT={out} {run}"


def _processor() -> str:
    """The CPU's name where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{named[0] if named else platform.processor() or platform.machine()}, one thread"
