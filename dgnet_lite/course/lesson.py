"""The one line that sets a lesson up, after its cell of parameters:

    from dgnet_lite.course import lesson

    here = lesson.start(globals())

It needs three parameters:

    profile: str = "toy"  # "smoke": seconds, nothing is learnt; "toy": minutes. DGNET_PROFILE in the environment wins
    seed: int = 0
    data_root: str | None = None  # where Toy Market is drawn; None: data/ in the project's folder
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import torch

from dgnet_lite.config import Config
from dgnet_lite.course import ROOT, models
from dgnet_lite.course.parameters import assigned_names, near, refuse_unknown, temporary_folder
from dgnet_lite.data.load import ReidData, load_data
from dgnet_lite.show.style import RC

PROFILES = ("smoke", "toy")


@dataclass(frozen=True)
class Lesson:
    """What a lesson works with."""

    profile: str
    seed: int
    data_root: Path
    runs: Path
    """Where a model is trained that was not found."""

    @property
    def smoke(self) -> bool:
        """Whether this is the tests' run: everything must work and nothing is learnt."""
        return self.profile == "smoke"

    @cached_property
    def config(self) -> Config:
        """Recipe `official` at the scale of the profile."""
        return Config.preset("official", self.profile, seed=self.seed)

    @cached_property
    def data(self) -> ReidData:
        """Toy Market at that scale, drawn when it is not there: images uint8 (N, H, W, 3), ids, cameras, factors."""
        there = any(self.data_root.glob(f"toymarket-{self.config.scale}-*"))  # read in a moment: nothing to say
        return load_data(self.config, self.data_root, progress=not (self.smoke or there))

    @cached_property
    def trained(self) -> models.Trained:
        """A trained teacher and DG-Net: of an earlier run, or shipped with the package, or trained now."""
        return models.trained(self.config, self.data, self.runs)

    def rng(self) -> np.random.Generator:
        """Numpy's random numbers from the lesson's seed."""
        return np.random.default_rng(self.seed)


def start(notebook: Mapping[str, Any]) -> Lesson:
    """Set the seed and the figures' style, and find the folders. Call it as `start(globals())`.

    Raises ValueError: an unknown profile, a parameter that is missing, or one that papermill made up.
    """
    missing = [name for name in ("profile", "seed", "data_root") if name not in notebook]
    if missing:
        raise ValueError(f"no parameter {missing[0]!r}: run the cell above, which sets the parameters")
    cells = notebook.get("In", ())
    own = next((cell for cell in cells if "profile" in _names(cell)), "")
    refuse_unknown(cells, _names(own))
    profile = os.environ.get("DGNET_PROFILE") or notebook["profile"]
    if profile not in PROFILES:
        raise ValueError(f"profile is {profile!r}; it must be 'smoke' or 'toy'")
    torch.manual_seed(notebook["seed"])
    mpl.rcParams.update(RC)
    home = ROOT if (ROOT / "pyproject.toml").is_file() else Path.home() / ".cache" / "dgnet_lite"
    data_root, runs = home / "data", home / "runs"
    if profile == "smoke":
        data_root, runs = (temporary_folder() / name for name in ("data", "runs"))
    if notebook["data_root"]:
        data_root = Path(notebook["data_root"])
    print(f"profile {profile}, seed {notebook['seed']}")
    return Lesson(profile, notebook["seed"], near(data_root), near(runs))


def _names(cell: str) -> list[str]:
    try:
        return assigned_names(cell)
    except SyntaxError:  # a cell with a magic command
        return []
