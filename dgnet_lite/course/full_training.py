"""What notebook 13 is run with: its parameters, checked and completed, and what follows from them."""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dgnet_lite.config import Config, check_types
from dgnet_lite.course import parameters
from dgnet_lite.course.parameters import near, project_folder, temporary_folder
from dgnet_lite.data.marketplan import DATASETS

if TYPE_CHECKING:
    from dgnet_lite.data.load import ReidData
    from dgnet_lite.forecast import Forecast
    from dgnet_lite.study import Study

NOTEBOOK = "notebooks/13_full_training.ipynb"

CONTROLS: dict[str, tuple[str, ...]] = {"smoke": ("one_head",), "demo": ("one_head",)}
ALL_CONTROLS = ("one_head", "two_heads", "oracle")

SAME_RESULT = ("out_dir", "resume", "workers", "show_pictures")


@dataclass(frozen=True)
class Settings:
    """The parameters of the notebook, with its defaults. `None` means: as said in the comment there."""

    dataset: str = "toymarket"
    data_root: str | None = None
    scale: str | None = None
    recipe: str = "official"
    seeds: tuple[int, ...] = (0,)
    steps: int | None = None
    teacher_steps: int | None = None
    controls: tuple | None = None
    overrides: dict = field(default_factory=dict)
    out_dir: str | None = None
    device: str = "cpu"
    resume: bool = True
    workers: int | None = None
    show_pictures: bool | None = None

    def __post_init__(self) -> None:
        check_types(self)


@dataclass(frozen=True)
class Run:
    """A run of the notebook: every setting known, every folder chosen."""

    settings: Settings
    scale: str
    seeds: tuple[int, ...]
    controls: tuple[str, ...]
    data_root: Path
    out_dir: Path
    device: str
    show_pictures: bool

    def config(self, seed: int | None = None) -> Config:
        """The configuration of one seed; the first one's by default."""
        s = self.settings
        asked = {"optim.steps": s.steps, "optim.teacher_steps": s.teacher_steps}
        changes = s.overrides | {name: value for name, value in asked.items() if value is not None}
        seed = self.seeds[0] if seed is None else seed
        return Config.preset(s.recipe, self.scale, **changes | {"dataset": s.dataset, "seed": seed})

    def study(self, seed: int, data: ReidData) -> Study:
        """The runs of one seed, in OUT_DIR/seedN."""
        from dgnet_lite.study import Study

        return Study(self.config(seed), data, self.out_dir / f"seed{seed}", self.device)

    @property
    def command(self) -> str:
        """The shell command that does the same again."""
        words = ["python", "-m", "dgnet_lite.course.papermill_run", NOTEBOOK, "--out", str(self.out_dir)]
        given = dataclasses.asdict(self.settings) | {"scale": self.scale}
        for each in dataclasses.fields(Settings):
            default = each.default if each.default is not dataclasses.MISSING else {}
            if given[each.name] != default and each.name not in SAME_RESULT:
                value = given[each.name]
                words += ["-p", each.name, value if isinstance(value, str) else json.dumps(value)]
        return shlex.join(words)

    def forecast(self, data: ReidData) -> Forecast:
        """What is left to train and what it will cost, measured here and now; see `dgnet_lite.forecast`."""
        from dgnet_lite.forecast import forecast

        return forecast([self.study(seed, data) for seed in self.seeds], self.controls)

    def describe(self) -> str:
        """What is about to happen, in a few lines."""
        c = self.config()
        seeds, controls = ", ".join(map(str, self.seeds)), ", ".join(self.controls) or "none"
        return "\n".join(
            [
                f"data     {c.dataset}, {c.data.height} x {c.data.height // 2} pixels, in {self.data_root}",
                f"run      recipe {c.recipe}, scale {c.scale}, seed {seeds}, on {self.device}",
                f"steps    teacher {c.optim.teacher_steps:,}, DG-Net {c.optim.steps:,}, controls: {controls}",
                f"results  {self.out_dir}",
            ]
        )


def start(notebook: dict[str, Any]) -> Run:
    """Check the notebook's parameters, fill in what was left open, and say no before anything is trained.

    Call it as `start(globals())`.

    Raises:
        ValueError: an unknown parameter (also one that papermill alone would pass over), or a value that will not do.
        FileExistsError: resume is False and the folder holds a run.
    """
    s = parameters.collect(Settings, notebook)
    profile = os.environ.get("DGNET_PROFILE")
    scale = s.scale or profile or "demo"
    controls = CONTROLS.get(scale, ALL_CONTROLS) if s.controls is None else s.controls
    wrong = [c for c in controls if c not in ALL_CONTROLS]
    if wrong:
        raise ValueError(f"unknown control {wrong[0]!r}; known: {', '.join(ALL_CONTROLS)}")
    if s.dataset not in DATASETS:
        controls = tuple(c for c in controls if c != "oracle")  # nobody can draw the true swaps of real images
    if len(set(s.seeds)) < len(s.seeds):
        raise ValueError(f"seeds is {list(s.seeds)}: give each once")
    default_root = project_folder() / "data"
    default_out = project_folder() / "runs" / f"{s.dataset}-{scale}"
    if profile == "smoke":
        default_root, default_out = (temporary_folder() / name for name in ("data", "run"))
    run = Run(
        settings=s,
        scale=scale,
        seeds=s.seeds,
        controls=controls,
        data_root=near(Path(s.data_root) if s.data_root else default_root),
        out_dir=near(Path(s.out_dir) if s.out_dir else default_out),
        device=_device(s.device),
        show_pictures=s.dataset in DATASETS if s.show_pictures is None else s.show_pictures,
    )
    run.config()  # raises for an unknown recipe, scale, data set or override
    if not s.resume and any(run.out_dir.glob("seed*")):
        raise FileExistsError(
            f"{run.out_dir} already holds a run: give another out_dir, or resume=True to go on with it"
        )
    if run.show_pictures and s.dataset not in DATASETS:
        warnings.warn(
            "show_pictures=True with real persons: their images are now in this notebook's output and in out_dir. "
            "Clear the outputs before you save or share it.",
            stacklevel=2,
        )
    return run


def _device(name: str) -> str:
    if name == "cpu":
        return name
    import torch

    available = torch.cuda.is_available()
    if name == "auto":
        return "cuda" if available else "cpu"
    if not name.startswith("cuda"):
        raise ValueError(f"device is {name!r}; it must be 'cpu', 'cuda', 'cuda:N' or 'auto'")
    if not available:
        raise ValueError(f"device is {name!r}, but torch finds no CUDA device here: use 'cpu' or 'auto'")
    return name
