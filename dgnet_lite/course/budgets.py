"""What a lesson costs: CPU minutes and memory, measured by `run`, kept in notebooks/budgets.json, held to by the tests.

CPU minutes depend on the machine. Beside each measurement stands how long a fixed piece of work took on that machine;
on another one the budget may also be scaled by how long it takes there. May: Python, numpy and convolutions need not be
slower by the same factor, so neither number alone is to be trusted. The work is plain Python: numpy's sort took three
times as long with one build of numpy as with another on the same machine, which said nothing about the lessons.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

import psutil

from dgnet_lite.training.checkpoint import write_whole

FACTOR = 2.0
"""A budget is off when the lesson takes more than FACTOR times as much, or less than 1 / FACTOR."""
CPU_SLACK, MEMORY_SLACK = 0.1, 150
"""CPU minutes and MB that do not matter: the start of Python and torch differs by that much from time to time."""
KEEP = 1.5
"""A measurement that differs by less than this factor from the recorded one leaves it, and the lesson, as it is."""

BEGIN, END = "<!-- measured -->", "<!-- /measured -->"
MARKED = re.compile(re.escape(BEGIN) + r".*?" + re.escape(END), re.DOTALL)


@dataclass(frozen=True)
class Cost:
    """What a run of a notebook took: CPU minutes of its processes, most memory (MB) they held at once.

    `work_seconds` is the CPU time of `fixed_work` on the machine.
    """

    cpu_minutes: float
    memory_mb: int
    work_seconds: float

    def on(self, work_seconds: float) -> Cost:
        """The same on a machine where the fixed work takes so long."""
        return Cost(self.cpu_minutes * work_seconds / self.work_seconds, self.memory_mb, work_seconds)


def fixed_work() -> float:
    """CPU seconds of a fixed piece of plain Python, the least of five times."""
    least = float("inf")
    for _ in range(5):
        start = time.process_time()
        sum(n * n % 7 for n in range(500_000))
        least = min(least, time.process_time() - start)
    return round(least, 4)


class Meter:
    """Measures the processes that `process` starts, and theirs, from `with` to its end.

    Ten times a second it adds up their memory (pages that two of them share count twice) and notes their CPU time;
    of a process that has ended, its last note counts.
    """

    def __init__(self, process: int | None = None, seconds: float = 0.1) -> None:
        self.parent = psutil.Process(process or os.getpid())
        self.seconds = seconds
        self.cpu: dict[tuple[int, float], float] = {}
        self.memory = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Meter:
        self._before = {each.pid for each in self.parent.children(recursive=True)}
        self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    def cost(self) -> Cost:
        """What was measured so far."""
        self._look()
        return Cost(round(sum(self.cpu.values()) / 60, 3), round(self.memory / 2**20), fixed_work())

    def _watch(self) -> None:
        while not self._stop.wait(self.seconds):
            self._look()

    def _look(self) -> None:
        held = 0
        for each in self.parent.children(recursive=True):
            try:
                with each.oneshot():
                    if each.pid in self._before:
                        continue
                    times = each.cpu_times()
                    self.cpu[each.pid, each.create_time()] = times.user + times.system
                    held += each.memory_info().rss
            except psutil.Error:  # it has ended meanwhile
                continue
        self.memory = max(self.memory, held)


def file_of(root: Path) -> Path:
    return root / "notebooks" / "budgets.json"


def name_of(path: Path) -> str:
    """How a notebook is called in the file: its folder and name."""
    return f"{path.parent.name}/{path.stem}"


def load(root: Path) -> dict[str, dict[str, Cost]]:
    """All recorded costs by notebook and profile; empty when there is no file."""
    if not file_of(root).is_file():
        return {}
    raw = json.loads(file_of(root).read_text(encoding="utf-8"))
    return {name: {profile: Cost(**cost) for profile, cost in costs.items()} for name, costs in raw.items()}


def record(root: Path, path: Path, profile: str, cost: Cost) -> Cost:
    """Keep a measurement, unless the recorded one is still near it; returns what stands in the file now."""
    budgets = load(root)
    old = budgets.get(name_of(path), {}).get(profile)
    if old and not off(old, cost, KEEP, slack=False):
        return old
    budgets.setdefault(name_of(path), {})[profile] = cost
    plain = {name: {p: asdict(c) for p, c in sorted(costs.items())} for name, costs in sorted(budgets.items())}
    text = json.dumps(plain, indent=1) + "\n"
    write_whole(file_of(root), lambda file: file.write(text.encode()))
    return cost


def off(budget: Cost, measured: Cost, factor: float = FACTOR, *, slack: bool = True) -> str:
    """In what the measured cost is off the budget by more than `factor`, in words; "" when it is not.

    CPU minutes must be off the recorded ones, the ones scaled to this machine, and all between.
    """
    low, high = sorted((budget.cpu_minutes, budget.on(measured.work_seconds).cpu_minutes))
    nearest = min(max(measured.cpu_minutes, low), high)
    pairs = [
        ("CPU minutes", nearest, measured.cpu_minutes, CPU_SLACK if slack else CPU_SLACK / 4),
        ("MB", budget.memory_mb, measured.memory_mb, MEMORY_SLACK),
    ]
    return ", ".join(
        f"{have:.3g} {unit} where the budget is {want:.3g}"
        for unit, want, have, ignored in pairs
        if abs(have - want) > ignored and not want / factor <= have <= want * factor
    )


def line(costs: dict[str, Cost]) -> str:
    """What the opening cell says."""
    order = [profile for profile in ("smoke", "toy") if profile in costs]
    parts = [f"`{p}` {duration(costs[p].cpu_minutes)}, {costs[p].memory_mb / 1000:.1f} GB" for p in order]
    return f"**Measured** (CPU time, most memory): {'; '.join(parts)}."


def duration(minutes: float) -> str:
    """Seconds below a minute, else minutes."""
    return f"{60 * minutes:.0f} seconds" if minutes < 1 else f"{minutes:.1f} minutes"


def fill_in(text: str, costs: dict[str, Cost]) -> str:
    """The opening cell's text with the line between its markers renewed; on a line of its own, or it is HTML."""
    return MARKED.sub(lambda _: f"{BEGIN}\n{line(costs)}\n{END}", text)
