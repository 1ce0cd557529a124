"""Three faults planted into a training of DG-Net, for lesson 10: a learner finds them from the curves.

    python -m dgnet_lite.course.faults    # trains one run without and three with a fault, 25 minutes of one CPU core

Each is a slip of one line that raises no error. The curves are kept in notebooks/results/faults.json.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import tempfile
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dgnet_lite import losses as L
from dgnet_lite.config import Config
from dgnet_lite.course import ROOT
from dgnet_lite.data.batches import Batch, normalise
from dgnet_lite.data.load import ReidData, load_data
from dgnet_lite.dgnet import DGNet
from dgnet_lite.evaluation.monitor import Monitor
from dgnet_lite.networks.teacher import Teacher, start_from_teacher
from dgnet_lite.report import environment
from dgnet_lite.study import write_json
from dgnet_lite.training.loop import fit
from dgnet_lite.training.modes import running_statistics_kept
from dgnet_lite.training.step import DGNetTask, soft_label
from dgnet_lite.training.tracking import read_metrics

STORED = ROOT / "notebooks" / "results" / "faults.json"
STEPS, EVERY = 600, 20


class WrongRange(DGNetTask):
    """G ends in a tanh, out of habit. Its pictures lie in -1..1; the real ones, ImageNet-normalised, in -2.1..2.6."""

    def __init__(self, model: DGNet, teacher: Teacher, batches: Any, config: Config) -> None:
        model.G.to_image.append(nn.Tanh())
        super().__init__(model, teacher, batches, config)


class TeacherTraining(DGNetTask):
    """The teacher was left in training mode: it drops out, and takes the statistics of what it labels for its own."""

    def _feed_back(self, batch: Batch, x_j_i: Tensor, feature_map: Tensor | None = None) -> dict[str, Tensor]:
        fake = x_j_i.detach()
        with running_statistics_kept(self.model.E_a):
            out = self.model.E_a(fake)
        with torch.no_grad():
            q = F.softmax(self.teacher.train()(fake).float(), dim=1)
        return {"prim": L.primary(out.logits_prim, q), "fine": L.fine_grained(out.logits_fine, batch.y_j)}


class MissingDetach(DGNetTask):
    """The swaps are fed back without `detach`: G, too, learns to make eqs. (8) and (9) small."""

    def _feed_back(self, batch: Batch, x_j_i: Tensor, feature_map: Tensor | None = None) -> dict[str, Tensor]:
        with running_statistics_kept(self.model.E_a):
            out = self.model.E_a(x_j_i)
        q = soft_label(self.teacher, x_j_i, batch_statistics=False, mirror=False)
        return {"prim": L.primary(out.logits_prim, q), "fine": L.fine_grained(out.logits_fine, batch.y_j)}


TASKS: dict[str, type[DGNetTask]] = {
    "none": DGNetTask,
    "range": WrongRange,
    "teacher": TeacherTraining,
    "detach": MissingDetach,
}
"""The fault of each name; "none" is the package's own task."""


def config_of(scale: str, seed: int = 0, **changes: Any) -> Config:
    """The release's recipe with the paper's teacher, which is asked in evaluation mode."""
    asked = {"losses.teacher_batch_statistics": False, "losses.teacher_mirror": False}
    return Config.preset("official", scale, seed=seed, **asked, **changes)


def task_with(fault: str, data: ReidData, teacher: Teacher, config: Config) -> DGNetTask:
    """A new task, started from the teacher, with this fault; all else, random numbers included, is the same.

    Raises ValueError: an unknown fault.
    """
    if fault not in TASKS:
        raise ValueError(f"unknown fault {fault!r}; known: {', '.join(TASKS)}")
    torch.manual_seed(config.seed + 1)
    model = DGNet(config.networks, data.num_ids)
    start_from_teacher(model.E_a, teacher)
    batches = data.batches(config, batch_size=config.optim.batch_size, seed=config.seed + 1)
    return TASKS[fault](model, teacher, batches, config)


def curves(fault: str, data: ReidData, teacher: Teacher, config: Config, *, progress: bool = True) -> dict[str, Any]:
    """Train with this fault; every loss and what `Monitor` reads, each as {"step": [...], "value": [...]}."""
    task, monitor = task_with(fault, data, teacher, config), Monitor(data, config.beta)
    readings: dict[str, dict[str, list]] = {name: {"step": [], "value": []} for name in ("mAP", "clothes", "teacher")}
    every = max(config.run.log_every, config.optim.steps // 12 // config.run.log_every * config.run.log_every)

    def look(step: int, _: dict[str, float]) -> None:
        if (step + 1) % every == 0:
            reading = monitor.read(task.model)
            readings["mAP"]["value"].append(reading.mAP)
            readings["clothes"]["value"].append(reading.clothes)
            for each in readings.values():
                each["step"].append(step)
            readings["teacher"]["value"].append(sureness(task.teacher, data))

    with tempfile.TemporaryDirectory() as folder:
        fit(task, config.optim.steps, Path(folder), config, tensorboard=False, show_progress=progress, on_log=look)
        table = read_metrics(Path(folder)).drop(columns=["steps_per_second", "total"], errors="ignore")
    found = {name: table[name].dropna().round(4) for name in table}
    return {name: {"step": values.index.tolist(), "value": values.tolist()} for name, values in found.items()} | {
        name: {"step": each["step"], "value": [round(v, 4) for v in each["value"]]} for name, each in readings.items()
    }


@torch.no_grad()
def sureness(teacher: Teacher, data: ReidData, count: int = 128) -> float:
    """The teacher's mean probability of the right person on real training images, in the mode that it is in."""
    rows = torch.linspace(0, len(data.train) - 1, count).long()
    with running_statistics_kept(teacher):
        q = teacher(normalise(torch.from_numpy(data.train[rows.numpy()]))).float().softmax(dim=1)
    return float(q[torch.arange(count), torch.from_numpy(data.index.labels[rows.numpy()])].mean())


def read_stored(path: Path = STORED) -> dict[str, dict[str, Any]]:
    """The stored curves, a dictionary for each fault: of a loss or reading, {"step": [...], "value": [...]}.

    Raises FileNotFoundError with the command that makes them.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no {path.name} in notebooks/results: python -m dgnet_lite.course.faults makes it")
    return json.loads(path.read_text())["runs"]


LETTERS = {"A": "detach", "B": "none", "C": "range", "D": "teacher"}
"""Which fault each run of lesson 10 has."""


def lettered_runs() -> dict[str, dict[str, tuple[list[int], list[float]]]]:
    """The stored curves for `show.live.compare_runs`, under letters that do not tell the fault."""
    stored = read_stored()
    return {
        f"run {letter}": {name: (curve["step"], curve["value"]) for name, curve in stored[fault].items()}
        for letter, fault in LETTERS.items()
    }


def main(arguments: list[str] | None = None) -> None:
    """Train the runs that are not stored yet and add them to the file."""
    from dgnet_lite.course import models

    parser = argparse.ArgumentParser(prog="python -m dgnet_lite.course.faults", description=__doc__)
    parser.add_argument("faults", nargs="*", default=list(TASKS), help=f"which: {', '.join(TASKS)}; all by default")
    parser.add_argument("--scale", default="toy", choices=("smoke", "toy"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=STORED)
    parser.add_argument("--again", action="store_true", help="train also what is stored")
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.faults if name not in TASKS]
    if unknown:
        parser.error(f"unknown fault {unknown[0]!r}; known: {', '.join(TASKS)}")
    sizes = {} if asked.scale == "smoke" else {"optim.batch_size": 8, "optim.steps": STEPS, "run.log_every": EVERY}
    config = config_of(asked.scale, asked.seed, **sizes)
    data = load_data(config, ROOT / "data")
    teacher = models.trained(config, data, ROOT / "runs").teacher
    for name in asked.faults:
        stored = json.loads(asked.out.read_text()) if asked.out.is_file() else {"runs": {}}
        if name in stored["runs"] and not asked.again:
            print(f"{name}: stored already")
            continue
        stored["runs"][name] = curves(name, data, deepcopy(teacher), config)
        about = {
            "command": f"{parser.prog} --scale {asked.scale} --seed {asked.seed}",
            "environment": environment("cpu", config),
        }
        write_json(asked.out, about | {"config": dataclasses.asdict(config)} | {"runs": stored["runs"]})
        print(f"{name}: in {asked.out}")


if __name__ == "__main__":
    main()
