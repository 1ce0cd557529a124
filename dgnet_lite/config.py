"""What a run is: frozen dataclasses, presets (recipe x scale), YAML in and out.

`Config.preset(recipe, scale)` starts from the numbers of the paper at full size, puts in what the recipe says where the
paper and the authors' release differ, then what the scale says. Nothing changes a Config; `replace` makes another.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import yaml

from dgnet_lite.presets import RECIPES, SCALES

Recipe = Literal["paper", "official"]
Scale = Literal["smoke", "demo", "toy", "full"]


@dataclass(frozen=True)
class DataConfig:
    """Images and how they are sampled."""

    draw: int = 1
    """Seed of Toy Market: another number, another world. Settings were chosen on draw 0, results are of draw 1."""
    height: int = 256
    """Rows of an image; columns are half of it. A multiple of 32."""
    pad: int = 10
    """Pixels of edge padding before the random crop."""
    erasing: float = 0.0
    """Probability of random erasing on the images of the identification losses. Paper: not said. Release: 0.5."""
    positives: Literal["any", "other_camera"] = "any"
    """x_t of eq. (2): any other image of the identity, or one from another camera when there is one. With another
    camera, the background of x_t tells G nothing about x_i, and it learns not to look for it in the appearance code."""
    partners: Literal["different", "any"] = "different"
    """x_j: of another identity (paper, Sec. 3.1), or whatever the second loader brings (release)."""


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes and kinds of the five networks."""

    backbone: str = "resnet50"
    """Trunk of E_a and the teacher: a torchvision model, or `small`."""
    backbone_weights: str | None = "imagenet"
    """"imagenet", the path of a state dict, or None."""
    backbone_width: int = 16
    """Width of the `small` backbone; it ends in 8 x width channels."""
    last_stride: int = 1
    """Stride of E_a's last stage (release: 1, a 16 x 8 map)."""
    head_pool: Literal["max", "avg"] = "max"
    """Global pool before E_a's heads (release: a max pool of its own)."""
    feature_dim: int = 512
    """Length of f_prim and of f_fine."""
    dropout_prim: float = 0.5
    dropout_fine: float = 0.75
    """Dropout before the classifiers (release)."""
    teacher_last_stride: int = 2
    teacher_pool: Literal["max", "avg"] = "avg"
    dropout_teacher: float = 0.5
    structure_width: int = 16
    """Channels of E_s's first convolution."""
    structure_channels: int = 128
    """Channels of the structure code."""
    downsamplings: int = 2
    """Halvings in E_s, doublings in G: the structure code is H/2^d x W/2^d."""
    structure_dilations: tuple[int, ...] = (1, 1, 1, 1)
    """One residual block of E_s for each."""
    aspp: bool = False
    """Dilated pyramid at the end of E_s. Paper: no. Release: yes."""
    generator_dilations: tuple[int, ...] = (1, 1, 1, 1)
    """One AdaIN residual block of G for each."""
    upsampling_kernel: int = 5
    mlp_width: int = 512
    code_slices: Literal["stripe", "channel", "whole"] = "stripe"
    """What each AdaIN block reads of the code. Paper: not said. Release: "channel". See networks/generator.py."""
    adain_start: Literal["kaiming", "instance_norm"] = "kaiming"
    """Initial AdaIN parameters: as they fall (release), or scale 1 and bias 0, which saves some hundred steps."""
    discriminator_width: int = 32
    discriminator_scales: int = 3
    discriminator_blocks: int = 4


@dataclass(frozen=True)
class LossConfig:
    """Weights of eq. (10), when they act, and which network each loss may change."""

    img: float = 5.0
    """lambda_img of eqs. (1) and (2)."""
    code: float = 1.0
    """Weight of eqs. (4) and (5)."""
    id_s: float = 1.0
    """Weight of eq. (3)."""
    id_c: float = 0.5
    """lambda_id of eq. (6)."""
    adv: float = 1.0
    """Weight of eq. (7) for G."""
    prim: float = 2.0
    """lambda_prim of eq. (8) at the end of the ramp."""
    alpha: float = 0.2
    """lambda_fine / lambda_prim."""
    cycle: float = 0.0
    """Weight at the end of the ramp of an L1 on G(E_a(fake), E_s(fake)). Paper: none. Release: 2."""
    warm_up: float = 0.3
    """Part of the run before generated images are fed back (30K of 100K)."""
    ramp: float = 0.04
    """Part of the run in which lambda_prim rises (4K of 100K)."""
    code_from_start: bool = True
    """Eqs. (4), (5) act from the first step (paper), or rise with the ramp (release)."""
    adversarial: Literal["log", "lsgan"] = "log"
    """Eq. (7) as written (paper), or least squares (release)."""
    adversarial_factor: float = 1.0
    """Factor on G's adversarial term. Release: 2."""
    punishment: float = 0.01
    """Coefficient on the squared gradient norm of D on real images (release)."""
    punishment_every: int = 1
    """Steps between two punishments; the coefficient is multiplied by it."""
    code_detached: bool = False
    """True: no generative loss reaches E_a through the code (release)."""
    code1_trains_generator: bool = True
    """False: eq. (4) has no gradient at all (release)."""
    code2_alternates: bool = False
    """Eq. (5) trains E_s and G together, or one of the two by a coin (release)."""
    id_on_positives: bool = False
    """Eq. (3) on x_t too (release)."""
    fine_on_real: bool = False
    """The fine head also classifies real images (release)."""
    teacher_batch_statistics: bool = False
    """The teacher's BatchNorm uses the batch it labels (release) or its running statistics."""
    teacher_mirror: bool = False
    """The soft label is the mean over the image and its mirror image (release)."""


@dataclass(frozen=True)
class OptimConfig:
    """Optimizers of Sec. 4.1 and how long they run."""

    steps: int = 100_000
    batch_size: int = 16
    """Anchors x_i a step; each comes with a positive x_t, so E_a sees twice as many real images."""
    lr_appearance: float = 0.002
    head_lr_factor: float = 1.0
    """Learning rate of the heads over that of the backbone. Release: 10."""
    momentum: float = 0.9
    nesterov: bool = False
    """Release: yes."""
    lr_generator: float = 1e-4
    lr_discriminator: float = 1e-4
    adam_betas: tuple[float, float] = (0.0, 0.999)
    weight_decay: float = 5e-4
    decay: Literal["steps", "cosine"] = "steps"
    """"steps": x 0.1 at 60 % and 90 % of the run (release). "cosine": constant until 60 %, then down to 2 %."""
    lr_rise: int = 0
    """Steps in which E_a's learning rate rises to its value."""
    teacher_steps: int = 25_000
    teacher_lr: float = 0.002
    teacher_batch_size: int = 32
    from_teacher: bool = False
    """E_a starts from the teacher's weights: what ImageNet is to a ResNet50."""
    bfloat16: bool = True
    """Forward passes under autocast in bfloat16; losses and the gradient punishment stay in float32."""
    channels_last: bool = True


@dataclass(frozen=True)
class RunConfig:
    """Writing and watching; changes no result."""

    checkpoint_every: int = 1000
    log_every: int = 50
    image_every: int = 1000


@dataclass(frozen=True)
class Config:
    """recipe x scale x data set. Everything a run depends on, besides the code."""

    recipe: Recipe = "paper"
    scale: Scale = "full"
    dataset: Literal["toymarket", "market1501", "market1501-val"] = "toymarket"
    seed: int = 0
    beta: float = 0.5
    """Weight of f_fine at test time."""
    data: DataConfig = field(default_factory=DataConfig)
    networks: NetworkConfig = field(default_factory=NetworkConfig)
    losses: LossConfig = field(default_factory=LossConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    run: RunConfig = field(default_factory=RunConfig)

    def __post_init__(self) -> None:
        check_types(self)
        check_ranges(self)
        if self.data.height % 32 or self.data.height < 64:
            raise ValueError(f"data.height is {self.data.height}: it must be a multiple of 32, at least 64")
        if self.networks.downsamplings not in (1, 2):
            raise ValueError(f"networks.downsamplings is {self.networks.downsamplings}: 1 or 2")
        if self.optim.nesterov and self.optim.momentum == 0:
            raise ValueError("optim.nesterov needs a momentum above 0")

    @classmethod
    def preset(cls, recipe: Recipe = "paper", scale: Scale = "full", **overrides: Any) -> Config:
        """The numbers of `recipe` at `scale`; overrides by dotted name: `preset("paper", "toy", **{"losses.adv": 0})`.

        Raises ValueError for an unknown recipe, scale, field or value, with what was meant.
        """
        for name, value, table in (("recipe", recipe, RECIPES), ("scale", scale, SCALES)):
            if value not in table:
                raise ValueError(f"unknown {name} {value!r}{_meant(value, table)}")
        config = cls(recipe=recipe, scale=scale)
        return config.replace(**RECIPES[recipe]).replace(**SCALES[scale]).replace(**overrides)

    def replace(self, **changes: Any) -> Config:
        """A copy with the dotted fields changed: `config.replace(**{"optim.steps": 100, "seed": 1})`."""
        top: dict[str, Any] = {}
        for dotted, value in changes.items():
            section, _, name = dotted.rpartition(".")
            names = _field_names(getattr(self, section, None) if section else self)
            if name not in names:
                raise ValueError(f"no setting {dotted!r}{_meant(dotted, [*_flatten(self.to_dict()), *SECTIONS])}")
            if section:
                top.setdefault(section, {})[name] = tuple(value) if isinstance(value, list) else value
            else:
                top[name] = value
        for name, value in top.items():
            if name in SECTIONS and isinstance(value, dict):
                top[name] = dataclasses.replace(getattr(self, name), **value)
        return dataclasses.replace(self, **top)

    def to_dict(self) -> dict[str, Any]:
        """Sections as dictionaries and tuples as lists, as YAML and JSON want them."""
        return dataclasses.asdict(self, dict_factory=_with_lists)

    def to_yaml(self) -> str:
        return yaml.safe_dump(self.to_dict(), sort_keys=False)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Config:
        """What `to_dict` gave. Raises ValueError for an unknown name or a wrong value."""
        if not isinstance(values, dict):
            raise ValueError(f"a config is a table of settings such as 'seed: 0', not {values!r}")
        return cls().replace(**_flatten(values))

    @classmethod
    def from_yaml(cls, text_or_path: str | Path) -> Config:
        """Read what `to_yaml` wrote, from a path or a string."""
        text = text_or_path.read_text() if isinstance(text_or_path, Path) else text_or_path
        return cls.from_dict(yaml.safe_load(text))

    def differences(self, other: Config) -> list[str]:
        """Dotted names of the settings in which two runs differ, leaving out `run`, which changes no result."""
        mine, theirs = _flatten(self.to_dict()), _flatten(other.to_dict())
        return [k for k in mine if mine[k] != theirs[k] and not k.startswith("run.")]


SECTIONS = ("data", "networks", "losses", "optim", "run")

# Lowest and highest value of the settings that have one; a setting that is not here may be any number from 0 up.
_RANGES: dict[str, tuple[float, float]] = {
    "data.erasing": (0, 1),
    "networks.backbone_width": (1, math.inf),
    "networks.last_stride": (1, 2),
    "networks.feature_dim": (1, math.inf),
    "networks.dropout_prim": (0, 1),
    "networks.dropout_fine": (0, 1),
    "networks.teacher_last_stride": (1, 2),
    "networks.dropout_teacher": (0, 1),
    "networks.structure_width": (1, math.inf),
    "networks.structure_channels": (1, math.inf),
    "networks.structure_dilations": (1, math.inf),
    "networks.generator_dilations": (1, math.inf),
    "networks.mlp_width": (1, math.inf),
    "networks.upsampling_kernel": (1, math.inf),
    "networks.discriminator_width": (1, math.inf),
    "networks.discriminator_scales": (1, math.inf),
    "losses.warm_up": (0, 1),
    "losses.ramp": (0, 1),
    "losses.punishment_every": (1, math.inf),
    "optim.batch_size": (2, math.inf),  # a swap needs two images
    "optim.adam_betas": (0, 1),
    "optim.steps": (1, math.inf),
    "optim.teacher_steps": (1, math.inf),
    "optim.teacher_batch_size": (2, math.inf),  # x_i and x_t
    "run.checkpoint_every": (1, math.inf),
    "run.log_every": (1, math.inf),
    "run.image_every": (1, math.inf),
}


def check_ranges(config: Config) -> None:
    """Raise ValueError where a number is outside its range, or not a number."""
    for name, value in _flatten(config.to_dict()).items():
        low, high = _RANGES.get(name, (0, math.inf))
        numbers = value if isinstance(value, list) else [value]
        if not all(low <= v <= high for v in numbers if isinstance(v, int | float)):
            wanted = f"at least {low}" if high == math.inf else f"from {low} to {high}"
            raise ValueError(f"{name} is {value}; it must be {wanted}")


def check_types(config: Any, section: str = "") -> None:
    """Raise ValueError where a field's value is not of its annotated type; an int is accepted for a float."""
    for name, hint in get_type_hints(type(config)).items():
        value = getattr(config, name)
        if dataclasses.is_dataclass(hint) and isinstance(value, hint):
            check_types(value, f"{name}.")
        elif dataclasses.is_dataclass(hint):
            raise ValueError(
                f"{name} is {value!r}; it is a section, with settings such as {name}.{_field_names(hint)[0]}"
            )
        elif not _fits(value, hint):
            choices = get_args(hint) if get_origin(hint) is Literal else ()
            shown = " or ".join(repr(v) for v in choices) or (str(hint) if get_args(hint) else hint.__name__)
            raise ValueError(
                f"{section}{name} is {value!r}; it must be {shown}{_meant(value, choices, list_all=False)}"
            )


def _fits(value: Any, hint: Any) -> bool:
    origin, args = get_origin(hint), get_args(hint)
    if origin is Literal:
        return value in args
    if origin is tuple:
        kinds = (args[0],) * len(value) if args[-1] is Ellipsis and isinstance(value, tuple) else args
        return isinstance(value, tuple) and len(value) == len(kinds) > 0 and all(map(_fits, value, kinds))
    if args:  # a union
        return any(value is None if a is type(None) else _fits(value, a) for a in args)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, hint) and not (hint is int and isinstance(value, bool))


def _field_names(config: Any) -> tuple[str, ...]:
    return tuple(f.name for f in dataclasses.fields(config)) if dataclasses.is_dataclass(config) else ()


def _with_lists(items: list[tuple[str, Any]]) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in items}


def _flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat = {}
    for k, v in values.items():
        flat |= _flatten(v, f"{prefix}{k}.") if isinstance(v, dict) else {f"{prefix}{k}": v}
    return flat


def _meant(word: Any, known: Iterable[Any], *, list_all: bool = True) -> str:
    known = [str(k) for k in known]
    close = difflib.get_close_matches(str(word), known, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known: {', '.join(known)}" if list_all and len(known) < 8 else ""
