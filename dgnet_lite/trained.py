"""Trained models from where they lie: a finished run's folder, or the small file that is shipped with the package."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from dgnet_lite.config import Config
from dgnet_lite.dgnet import DGNet, build_teacher
from dgnet_lite.networks.teacher import Teacher
from dgnet_lite.training import checkpoint

SHIPPED = Path(__file__).parent / "course" / "models" / "toy.safetensors"
"""A teacher and a DG-Net of the scale `toy`; `python -m dgnet_lite.course ship` writes it."""
Weights = dict[str, dict[str, Tensor]]
CLASSIFIER = "E_a.prim.classify.weight"
"""Its rows are the identities that the model was trained on."""


@dataclass(frozen=True)
class Trained:
    """A teacher and a DG-Net, both in evaluation mode, and where they are from."""

    teacher: Teacher
    model: DGNet
    source: str


@dataclass(frozen=True)
class Found:
    """A finished run: its DG-Net in evaluation mode, its settings, and where it is from."""

    model: DGNet
    config: Config
    source: str
    folder: Path | None = None
    """Of the seed that was taken; None for the shipped models."""

    @cached_property
    def teacher(self) -> Teacher:
        """The teacher beside the DG-Net, in evaluation mode. ValueError: there is no finished one of these settings.

        A run of an ablation may have none: it learnt from that of another run.
        """
        num_ids = self.model.E_a.prim.classify.out_features
        if self.folder is None:
            both = from_file(SHIPPED, self.config, num_ids)
        else:
            both = from_run(self.folder, self.config, num_ids)
        if both is None:
            where = shown(self.folder or SHIPPED)
            raise ValueError(f"no finished teacher beside the DG-Net of {where}: the command that trained it goes on")
        return both.teacher


def find_models(run: str | Path | None = None) -> Found:
    """The models of a run, or the shipped ones.

    Args:
        run: a folder that holds dgnet/last.pt, or seedN/dgnet/last.pt, of which the first seed is taken; None for the
            shipped toy models.

    Raises FileNotFoundError: no such file; ValueError: the run is not finished.
    """
    if run is None:
        config, num_ids, command, weights = read_file(SHIPPED)
        model = DGNet(config.networks, num_ids)
        checkpoint.load_weights(model, weights["dgnet"], SHIPPED)
        return Found(model.eval(), config, f"shipped with the package, made by `{command}`")
    run = Path(run)
    places = [run / "dgnet" / "last.pt", *sorted(run.glob("seed*/dgnet/last.pt"))]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise FileNotFoundError(
            f"no run in {run}: neither dgnet/last.pt nor seed0/dgnet/last.pt. Train one (python -m dgnet_lite.training "
            f"--scale toy --out {run}) or leave the folder out for the shipped model"
        )
    state = checkpoint.load(path)
    config = Config.from_dict(state["config"])
    if state["step"] < config.optim.steps:
        raise ValueError(f"{path} is at step {state['step']} of {config.optim.steps}: the same command goes on with it")
    weights = state["task"]["model"]
    model = DGNet(config.replace(**{"networks.backbone_weights": None}).networks, weights[CLASSIFIER].shape[0])
    checkpoint.load_weights(model, weights, path)
    folder = path.parents[1]
    return Found(model.eval(), config, shown(folder), folder)


def from_run(folder: Path, config: Config, num_ids: int) -> Trained | None:
    """The models of a finished run, if there is one with these settings."""
    weights: Weights = {}
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
    return _filled(config, num_ids, weights, shown(folder))


def from_file(path: Path, config: Config, num_ids: int) -> Trained | None:
    """The models of a file that `course.models.ship` wrote, if its settings are these."""
    if not path.is_file():
        return None
    try:
        then, ids, command, weights = read_file(path)
    except ValueError:  # of a version with other settings
        return None
    changed = [name for name in config.differences(then) if name.startswith(("networks.", "data.", "seed"))]
    if changed or ids != num_ids:
        return None
    return _filled(config, num_ids, weights, f"shipped with the package, made by `{command}`")


def read_file(path: Path) -> tuple[Config, int, str, Weights]:
    """Settings, number of identities, the command that made it, and the weights as float32, by network."""
    with safe_open(path, framework="pt") as file:
        about = file.metadata()
        config = Config.from_dict(json.loads(about["config"]))
        weights: Weights = {"teacher": {}, "dgnet": {}}
        for key in file.keys():  # noqa: SIM118 - it is no dictionary
            name, _, tensor = key.partition("/")
            value = file.get_tensor(key)
            weights[name][tensor] = value.float() if value.dtype == torch.float16 else value
    return config, int(about["num_ids"]), about["command"], weights


def shown(folder: Path) -> str:
    """The folder without what leads to runs/: a stored notebook names no machine's folders."""
    return "/".join(folder.parts[-3:])


def _filled(config: Config, num_ids: int, weights: Weights, source: str) -> Trained:
    teacher, model = build_teacher(config.networks, num_ids), DGNet(config.networks, num_ids)
    for module, name in ((teacher, "teacher"), (model, "dgnet")):
        checkpoint.load_weights(module, weights[name], source)
    return Trained(teacher.eval(), model.eval(), source)
