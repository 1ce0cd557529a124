"""What a run will cost, measured before it starts: a few steps of each training, times the steps that are left."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import pandas as pd
import torch

from dgnet_lite.networks.appearance import AppearanceEncoder
from dgnet_lite.networks.teacher import Teacher
from dgnet_lite.progress import progress
from dgnet_lite.study import Study
from dgnet_lite.training import checkpoint
from dgnet_lite.training.loop import Task
from dgnet_lite.training.teacher import Compositions, ControlTask

LONG = 5.0
"""Seconds. A step that takes longer is measured at its first try; shorter ones after a try that does not count."""


@dataclass(frozen=True)
class Training:
    """One training: its steps, those that are left, and how long one takes here."""

    name: str
    steps: int
    left: int
    seconds_a_step: float

    @property
    def minutes(self) -> float:
        return self.left * self.seconds_a_step / 60


@dataclass(frozen=True)
class Forecast:
    """The trainings of a run, over all its seeds, and the most memory that measuring them took."""

    trainings: tuple[Training, ...]
    memory_gib: float
    where: str
    """Whose memory: "this process", or the GPU by name."""

    @property
    def minutes(self) -> float:
        return sum(t.minutes for t in self.trainings)

    def table(self) -> pd.DataFrame:
        """A line a training: steps, steps left, seconds a step, minutes left."""
        rows = {
            t.name: {"steps": t.steps, "left": t.left, "seconds a step": t.seconds_a_step, "minutes left": t.minutes}
            for t in self.trainings
        }
        return pd.DataFrame.from_dict(rows, orient="index")

    def __str__(self) -> str:
        if self.minutes == 0:
            return f"Everything is trained already. Most memory so far: {self.memory_gib:.1f} GiB of {self.where}."
        hours = f" ({self.minutes / 60:.1f} hours)" if self.minutes > 90 else ""
        return (
            f"About {max(self.minutes, 0.1):.1f} minutes{hours} of training are left on this machine as busy as it is "
            f"now, drawing and measuring not counted. Most memory: {self.memory_gib:.1f} GiB of {self.where}."
        )


def forecast(studies: Sequence[Study], controls: Sequence[str] = (), *, show_progress: bool = True) -> Forecast:
    """Measure each training on the first of the studies, which differ in their seed, and count what all have left.

    A step is done before the warm-up ends and one at the end of the run, as more losses act then; their times are
    weighted by the parts of the run. Networks and batches are thrown away, nothing is written, and the random numbers
    are as before. What a folder holds already counts as done. Nothing is compiled: the first steps would take minutes.
    """
    first = studies[0]
    plain = first.config.replace(**{"optim.compile": "none"})
    probe = _Probe(**{f.name: getattr(first, f.name) for f in fields(Study)} | {"config": plain})
    cuda = first.device.startswith("cuda")
    if cuda:
        torch.cuda.reset_peak_memory_stats(first.device)
    names = ["teacher", "dgnet", *(c for c in controls if c != "oracle" or first.data.world is not None)]
    with torch.random.fork_rng(), progress(names, desc="measuring steps", unit="training", show=show_progress) as bar:
        for name in bar:
            if name == "teacher":
                teacher = probe.teacher()
            elif name == "dgnet":
                probe.dgnet(teacher)
            else:
                probe.control(name, teacher)
    trainings = []
    for name in names:
        steps = first.config.optim.teacher_steps if name == "teacher" else first.config.optim.steps
        left = sum(max(0, steps - _done(study.folder / name)) for study in studies)
        trainings.append(Training(name, steps * len(studies), left, probe.seconds[name]))
    if cuda:
        memory, where = torch.cuda.max_memory_allocated(first.device) / 2**30, torch.cuda.get_device_name(first.device)
    else:
        memory, where = _most_memory_gib(), "this process"
    return Forecast(tuple(trainings), memory, where)


class _Probe(Study):
    """A study whose trainings are a few steps, timed; nothing is kept."""

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds a step, by training."""
        return self.__dict__.setdefault("_seconds", {})

    def control(self, kind: str, teacher: Teacher) -> AppearanceEncoder:
        if kind != "oracle":
            return super().control(kind, teacher)
        c, data = self.config, self.data
        encoder = self._new_dgnet(teacher).E_a
        labels = torch.from_numpy(data.index.labels)
        stand_in = Compositions(torch.from_numpy(data.train), labels, labels)  # a true swap takes no longer to look at
        batches = self._batches(c.optim.batch_size, c.seed + 1)
        self._train(ControlTask(encoder, batches, c, kind, teacher, stand_in), c.optim.steps)
        return encoder

    def _train(self, task: Task, steps: int) -> None:
        early = min(self.config.losses.warm_up, 1.0)
        start, end = self._seconds_of(task, 0), self._seconds_of(task, max(0, steps - 1))
        self.seconds[task.name] = early * start + (1 - early) * end

    def _seconds_of(self, task: Task, step: int) -> float:
        seconds = self._seconds_of_one(task, step)
        return seconds if seconds > LONG else min(self._seconds_of_one(task, step) for _ in range(2))

    def _seconds_of_one(self, task: Task, step: int) -> float:
        start = time.perf_counter()
        losses = task.update(step)
        losses["total"].item()  # waits for a GPU
        return time.perf_counter() - start


def _done(folder: Path) -> int:
    """Steps that the training in `folder` has behind it."""
    finished, last = folder / "time.json", folder / "last.pt"
    if not last.is_file():
        return 0
    return json.loads(finished.read_text())["steps"] if finished.is_file() else checkpoint.load(last)["step"]


def _most_memory_gib() -> float:
    """Most memory this process has held so far; where the system does not say (Windows), NaN."""
    try:
        import resource
    except ImportError:
        return float("nan")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
