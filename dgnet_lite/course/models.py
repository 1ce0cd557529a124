"""A trained teacher and DG-Net for the lessons, from one place, so that nobody waits to move a slider.

First a finished run in runs/, then the small checkpoint shipped with the package; with neither, they are trained while
the reader watches. The checkpoint is made of a finished run of notebook 13:

    make toy
    python -m dgnet_lite.course ship runs/toy/seed0
"""

from __future__ import annotations

import json
from pathlib import Path

from safetensors.torch import save
from torch import Tensor, nn

from dgnet_lite.config import Config
from dgnet_lite.data.load import ReidData
from dgnet_lite.dgnet import build_teacher
from dgnet_lite.study import Study
from dgnet_lite.trained import SHIPPED, Trained, from_file, from_run, shown
from dgnet_lite.training import checkpoint

RUNS = ("toy", "toymarket-{scale}", "lessons-{scale}")
"""Folders of runs/ where a finished run may lie: of `make toy`, of notebook 13 by hand, of a lesson."""


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
        print(f"No trained model yet: training one, {config.optim.steps:,} steps, into {shown(folder)}")
        study = Study(config, data, folder, tensorboard=False)
        teacher = study.teacher()
        found = Trained(teacher, study.dgnet(teacher), "trained now")
    found.teacher.eval()
    found.model.eval()
    print(f"models: {found.source}")
    return found


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
