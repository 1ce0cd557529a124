"""A trained teacher and DG-Net for the lessons, from one place, so that nobody waits to move a slider.

First a finished run in runs/, then the small checkpoint shipped with the package; with neither, they are trained while
the reader watches. The checkpoint is made of a finished run of notebook 13:

    make toy
    python -m dgnet_lite.course ship runs/toy/seed0
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn

from dgnet_lite.ablation import Study
from dgnet_lite.config import Config
from dgnet_lite.data.load import ReidData
from dgnet_lite.dgnet import DGNet, build_teacher
from dgnet_lite.networks.teacher import Teacher
from dgnet_lite.training import checkpoint

SHIPPED = Path(__file__).parent / "models" / "toy.safetensors"
RUNS = ("toy", "toymarket-{scale}", "lessons-{scale}")
"""Folders of runs/ where a finished run may lie: of `make toy`, of notebook 13 by hand, of a lesson."""


@dataclass(frozen=True)
class Trained:
    """A teacher and a DG-Net, both in evaluation mode, and where they are from."""

    teacher: Teacher
    model: DGNet
    source: str


def trained(config: Config, data: ReidData, runs: Path, shipped: Path = SHIPPED) -> Trained:
    """The models of `config` for this data; prints where they are from."""
    for name in RUNS:
        folder = runs / name.format(scale=config.scale) / f"seed{config.seed}"
        found = from_run(folder, config, data.num_ids)
        if found:
            break
    else:
        found = from_file(shipped, config, data.num_ids)
    if found is None:
        folder = runs / RUNS[-1].format(scale=config.scale) / f"seed{config.seed}"
        print(f"No trained model yet: training one, {config.optim.steps:,} steps, into {_shown(folder)}")
        study = Study(config, data, folder, tensorboard=False)
        teacher = study.teacher()
        found = Trained(teacher, study.dgnet(teacher), "trained now")
    found.teacher.eval()
    found.model.eval()
    print(f"models: {found.source}")
    return found


def from_run(folder: Path, config: Config, num_ids: int) -> Trained | None:
    """The models of a finished run, if there is one with these settings."""
    weights = {}
    for name, steps in (("teacher", config.optim.teacher_steps), ("dgnet", config.optim.steps)):
        path = folder / name / "last.pt"
        if not path.is_file():
            return None
        state = checkpoint.load(path)
        try:
            same = not config.differences(Config.from_dict(state["config"]))
        except ValueError:  # of a version with other settings
            same = False
        if not same or state["step"] < steps:
            return None
        weights[name] = state["task"]["model"]
    return _filled(config, num_ids, weights, _shown(folder))


def from_file(path: Path, config: Config, num_ids: int) -> Trained | None:
    """The models of a file that `ship` wrote, if its settings are these."""
    if not path.is_file():
        return None
    with safe_open(path, framework="pt") as file:
        about = file.metadata()
        weights: dict[str, dict[str, Tensor]] = {"teacher": {}, "dgnet": {}}
        try:
            then = Config.from_dict(json.loads(about["config"]))
        except ValueError:
            return None
        changed = [name for name in config.differences(then) if name.startswith(("networks.", "data.", "seed"))]
        if changed or int(about["num_ids"]) != num_ids:
            return None
        for key in file.keys():  # noqa: SIM118 - it is no dictionary
            name, _, tensor = key.partition("/")
            value = file.get_tensor(key)
            weights[name][tensor] = value.float() if value.dtype == torch.float16 else value
    return _filled(config, num_ids, weights, f"shipped with the package, made by `{about['command']}`")


def _shown(folder: Path) -> str:
    """The folder without what leads to runs/: a stored notebook names no machine's folders."""
    return "/".join(folder.parts[-3:])


def _filled(config: Config, num_ids: int, weights: dict[str, dict[str, Tensor]], source: str) -> Trained:
    teacher, model = build_teacher(config.networks, num_ids), DGNet(config.networks, num_ids)
    for module, name in ((teacher, "teacher"), (model, "dgnet")):
        checkpoint.load_weights(module, weights[name], source)
    return Trained(teacher, model, source)


def ship(folder: Path, path: Path = SHIPPED) -> int:
    """Write the models of the finished run in `folder` (runs/toy/seed0) to `path`; returns its size in bytes.

    Weights are stored as float16, half the size; they differ from the run's in the fourth digit.
    Raises ValueError: the run is not finished.
    """
    states = {name: checkpoint.load(folder / name / "last.pt") for name in ("teacher", "dgnet")}
    config = Config.from_dict(states["dgnet"]["config"])
    num_ids = _identities(states["teacher"]["task"]["model"], config)
    found = from_run(folder, config, num_ids)
    if found is None:
        raise ValueError(f"{folder} holds no finished run: the same command as before goes on with it")
    tensors = {}
    for name, module in (("teacher", found.teacher), ("dgnet", found.model)):
        for key, value in module.state_dict().items():
            tensors[f"{name}/{key}"] = value.half() if value.is_floating_point() else value
    about = {"config": json.dumps(config.to_dict()), "num_ids": str(num_ids)}
    about["command"] = "make toy" if config.scale == "toy" else f"notebook 13 at the scale {config.scale}"
    content = save({key: value.contiguous() for key, value in tensors.items()}, about)
    checkpoint.write_whole(path, lambda file: file.write(content))
    return len(content)


def _identities(teacher: dict[str, Tensor], config: Config) -> int:
    """How many identities the teacher's classifier tells apart."""
    last = [module for module in build_teacher(config.networks, 1).modules() if isinstance(module, nn.Linear)][-1]
    names = [key for key, value in teacher.items() if value.ndim == 2 and value.shape[1] == last.in_features]
    return teacher[names[-1]].shape[0]
