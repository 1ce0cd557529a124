"""What a run is: frozen dataclasses, presets (recipe x scale), YAML in and out.

`Config.preset(recipe, scale)` starts from the numbers of the paper at full size, puts in what the recipe says where the
paper and the authors' release differ, then what the scale says. Nothing changes a Config; `replace` makes another.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from dgnet_lite.presets import RECIPES, SCALES
from dgnet_lite.validation import check_ranges, check_types, field_names, flatten, meant

Recipe = Literal["paper", "official"]
Scale = Literal["smoke", "demo", "toy", "full"]


@dataclass(frozen=True)
class DataConfig:
    """Images and how they are sampled."""

    draw: int = 3
    """Seed of Toy Market: another number, another world. Settings were chosen while looking at draws 0, 1 and 2; the
    results are of draw 3."""
    height: int = 256
    """Rows of an image; columns are half of it. A multiple of 32. Paper and release: 256."""
    pad: int = 10
    """Pixels of edge padding before the random crop. Paper: not said. Release: 10."""
    erasing: float = 0.0
    """Probability of random erasing on the images of the identification losses. Paper: not said. Release: 0.5."""
    positives: Literal["any", "other_camera"] = "any"
    """x_t of eq. (2): any other image of the identity, or one from another camera when there is one. Paper and release:
    any. With another camera, the background of x_t tells G nothing about x_i, and it learns not to look for it in the
    appearance code."""
    partners: Literal["different", "any"] = "different"
    """x_j, who gives the structure. Paper: of another identity (Sec. 3.1). Release: whatever the second loader brings.
    Either way each image of a batch gives its clothes once and its body once, so that "any" goes from x_i to x_j and
    back, as in the release."""


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes and kinds of the five networks."""

    backbone: str = "resnet50"
    """Trunk of E_a and the teacher: a torchvision model, or `small`. Paper and release: ResNet50."""
    backbone_weights: str | None = "imagenet"
    """"imagenet" (paper and release), the path of a state dict, or None."""
    backbone_width: int = 16
    """Width of the `small` backbone; it ends in 8 x width channels."""
    last_stride: int = 1
    """Stride of E_a's last stage. Paper: not said; a ResNet50 has 2. Release: 1, a 16 x 8 map."""
    head_pool: Literal["max", "avg", "code"] = "max"
    """What E_a's heads read. Paper: "code", the 4 stripes of the appearance code itself ("it is mapped to f_prim and
    f_fine", Sec. 4.1). Release: "max", a global pool of its own."""
    feature_dim: int = 512
    """Length of f_prim and of f_fine. Paper and release: 512."""
    dropout_prim: float = 0.5
    dropout_fine: float = 0.75
    """Dropout before the classifiers. Paper: not said. Release: 0.5 and 0.75."""
    teacher_last_stride: int = 2
    teacher_pool: Literal["max", "avg"] = "avg"
    dropout_teacher: float = 0.5
    """The teacher. Paper: "simply a baseline CNN", ResNet50 (Sec. 4.3). Release: stride 2, average pool, one head with
    dropout 0.5."""
    structure_width: int = 16
    """Channels of E_s's first convolution. Paper: not said. Release: 16."""
    structure_channels: int = 128
    """Channels of the structure code. Paper and release: 128."""
    downsamplings: int = 2
    """Halvings in E_s, doublings in G: the structure code is H/2^d x W/2^d. Paper and release: 2."""
    structure_dilations: tuple[int, ...] = (1, 1, 1, 1)
    """One residual block of E_s for each. Paper and release: four, not dilated."""
    aspp: bool = False
    """Dilated pyramid at the end of E_s. Paper: no. Release: yes."""
    generator_dilations: tuple[int, ...] = (1, 1, 1, 1)
    """One AdaIN residual block of G for each. Paper and release: four, not dilated."""
    upsampling_kernel: int = 5
    mlp_width: int = 512
    """Sizes inside G. Paper: not said. Release: 5 and 512."""
    code_slices: Literal["stripe", "channel", "whole"] = "stripe"
    """What each AdaIN block reads of the code. Paper: not said; four blocks and four stripes suggest "stripe". Release:
    "channel", a quarter of the channels of all stripes, since it flattens the code channel-major. See
    networks/generator.py."""
    adain_start: Literal["kaiming", "instance_norm"] = "kaiming"
    """Initial AdaIN parameters. Paper: not said. Release: "kaiming", as they fall. "instance_norm" is ours: scale 1 and
    bias 0, which saves some hundred steps."""
    discriminator_width: int = 32
    discriminator_scales: int = 3
    discriminator_blocks: int = 4
    """Sizes of D. Paper: 3 scales. Release: 3 scales, 32 channels, 4 residual blocks."""


@dataclass(frozen=True)
class LossConfig:
    """Weights of eq. (10), when they act, and which network each loss may change."""

    img: float = 5.0
    """lambda_img of eqs. (1) and (2). Paper and release: 5."""
    code: float = 1.0
    """Weight of eqs. (4) and (5). Paper and release: 1."""
    id_s: float = 1.0
    """Weight of eq. (3). Paper and release: 1."""
    id_c: float = 0.5
    """lambda_id of eq. (6). Paper and release: 0.5."""
    adv: float = 1.0
    """Weight of eq. (7) for G. Paper: 1. Release: 1, with `adversarial_factor` beside it."""
    prim: float = 2.0
    """lambda_prim of eq. (8) at the end of the ramp. Paper and release: 2."""
    alpha: float = 0.2
    """lambda_fine / lambda_prim. Paper and release: 0.2."""
    directions: Literal["mean", "sum"] = "mean"
    """How the parts of a batch add up. Paper: expectations, "mean". Release: "sum" over i -> j and j -> i, twice the
    mean, and over four groups of real images, four times. To E_a's SGD that is a higher rate, and more of eq. (3)
    beside eqs. (8) and (9); Adam hardly notices."""
    cycle: float = 0.0
    """Weight at the end of the ramp of an L1 on G(E_a(fake), E_s(fake)). Paper: none. Release: 2."""
    warm_up: float = 0.3
    """Part of the run before generated images are fed back. Paper and release: 30K of 100K."""
    ramp: float = 0.04
    """Part of the run in which lambda_prim rises. Paper and release: 4K of 100K."""
    code_from_start: bool = True
    """Eqs. (4), (5) act from the first step (paper, Sec. 3.3), or rise from 0 after the warm-up (release)."""
    code_ramp: float = 0.5
    """Part of `ramp` in which the weights of eqs. (4) and (5) rise, unless they act from the start. Paper: they do.
    Release: half, 0.0005 a step as lambda_prim, so 1 is reached in 2K steps."""
    adversarial: Literal["log", "lsgan"] = "log"
    """Eq. (7). Paper: "log", as written. Release: "lsgan", least squares."""
    adversarial_factor: float = 1.0
    """Factor on G's adversarial term. Paper: none. Release: 2."""
    punishment: float = 0.01
    """Coefficient on the squared gradient norm of D on real images. Paper: [29], no number. Release: 0.01, no 1/2."""
    punishment_every: int = 1
    """Steps between two punishments; the coefficient is multiplied by it. Paper: "when updating D". Release: 1."""
    code_detached: bool = False
    """Whether generative losses stop at the code. Paper: no, they train E_a (eq. 10). Release: yes, none reaches it."""
    code1_trains_generator: bool = True
    """Whether eq. (4) has a gradient. Paper: yes, to G and E_s. Release: no, both of its sides are detached."""
    code2_alternates: bool = False
    """Whom eq. (5) trains as it encodes the swap. Paper: E_s and G together. Release: one of the two, by a coin. In G's
    turn the gradient goes on to s_j, and so to E_s."""
    judge_frozen: bool = True
    """Whether E_a is frozen while it judges swaps in eqs. (4) and (6). Paper: not said; eq. (10) is over E_a too, and
    Sec. 3.3 trains E_a "after the generated image": no. Release: yes, a frozen copy."""
    id_on_positives: bool = False
    """Whether eq. (3) is asked of x_t too. Paper: of x_i. Release: yes, with weight 1 each."""
    fine_on_real: bool = False
    """Whether the fine head also classifies real images, at the weight of eq. (9). Paper: no. Release: yes."""
    teacher_label: Literal["soft", "one_hot", "pseudo", "lsro", "two_label"] = "soft"
    """q of eq. (8), see labels.py. Paper and release: "soft", the teacher's probabilities. The others are what the
    paper compares with in words: "one_hot" [30] and "lsro" [54]; "pseudo" [59]; and "two_label", of i and j alone."""
    teacher_batch_statistics: bool = False
    """The teacher's BatchNorm. Paper: not said; running statistics. Release: those of the batch that it labels."""
    teacher_mirror: bool = False
    """The soft label is the mean over the image and its mirror image. Paper: no. Release: yes."""
    teacher_dropout: bool = False
    """Dropout in the teacher while it labels. Paper: not said; off. Release: off until the first pictures are drawn,
    then on, by a mistake that neither recipe repeats."""


@dataclass(frozen=True)
class OptimConfig:
    """Optimizers of Sec. 4.1 and how long they run."""

    steps: int = 100_000
    """Paper: not said, beyond the 34K of Sec. 3.3. Release: 100K."""
    batch_size: int = 16
    """Anchors x_i a step; each comes with a positive x_t, so E_a sees twice as many real images. Paper: not said.
    Release: 8 + 8, from two loaders."""
    lr_appearance: float = 0.002
    """SGD's rate for E_a. Paper and release: 0.002."""
    head_lr_factor: float = 1.0
    """Learning rate of the heads over that of the backbone. Paper: one rate for E_a. Release: 10."""
    momentum: float = 0.9
    """Paper and release: 0.9."""
    nesterov: bool = False
    """Nesterov's momentum in SGD. Paper: not said. Release: yes."""
    lr_generator: float = 1e-4
    lr_discriminator: float = 1e-4
    adam_betas: tuple[float, float] = (0.0, 0.999)
    """Adam for (E_s, G) and for D. Paper and release: 0.0001 and (0, 0.999)."""
    weight_decay: float = 5e-4
    """On all three optimizers. Paper: not said. Release: 5e-4."""
    decay: Literal["steps", "cosine"] = "steps"
    """"steps": x 0.1 at both `lr_steps` (release; paper: not said). "cosine" is ours: constant until the first of them,
    then down to 2 %."""
    lr_steps: tuple[float, float] = (0.6, 0.9)
    """Parts of the run after which every rate falls. Paper: not said. Release: 60K and 90K of 100K."""
    lr_rise: int = 0
    """Steps in which E_a's learning rate rises to its value. Paper and release: none."""
    teacher_steps: int = 25_000
    teacher_lr: float = 0.002
    teacher_batch_size: int = 32
    from_teacher: bool = False
    """E_a starts from the teacher's weights: what ImageNet is to a ResNet50. Paper and release: no."""
    bfloat16: bool = True
    """Forward passes under autocast in bfloat16 where the device computes in it (training/precision.py), in float32
    elsewhere; losses and the gradient punishment stay in float32."""
    channels_last: bool = True
    """Weights of E_a, D and the teacher with the channel as their last axis, which is faster. E_s and G stay as they
    are: instance norm works channel by channel."""
    compile: Literal["none", "default", "reduce-overhead"] = "none"
    """The mode in which torch.compile makes the forward passes of E_a, E_s, G and the teacher, or "none". It takes
    minutes before the first step. "reduce-overhead" adds CUDA graphs. D is left out: its gradient is differentiated."""


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
    dataset: Literal["toymarket", "market1501", "market1501-val", "msmt17", "toymarket-few"] = "toymarket"
    seed: int = 0
    beta: float = 0.5
    """Weight of f_fine at test time. Paper and release: 0.5; the release weighs the fine half of the query alone, and
    evaluation.embed.combine gives the same products."""
    data: DataConfig = field(default_factory=DataConfig)
    networks: NetworkConfig = field(default_factory=NetworkConfig)
    losses: LossConfig = field(default_factory=LossConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    run: RunConfig = field(default_factory=RunConfig)

    def __post_init__(self) -> None:
        check_types(self)
        check_ranges(flatten(self.to_dict()))
        if self.data.height % 32 or self.data.height < 64:
            raise ValueError(f"data.height is {self.data.height}: it must be a multiple of 32, at least 64")
        if self.networks.downsamplings not in (1, 2):
            raise ValueError(f"networks.downsamplings is {self.networks.downsamplings}: 1 or 2")
        if self.optim.nesterov and self.optim.momentum == 0:
            raise ValueError("optim.nesterov needs a momentum above 0")
        if self.optim.lr_steps[0] > self.optim.lr_steps[1]:
            raise ValueError(f"optim.lr_steps is {list(self.optim.lr_steps)}; the first must not be after the second")

    @classmethod
    def preset(cls, recipe: Recipe = "paper", scale: Scale = "full", **overrides: Any) -> Config:
        """The numbers of `recipe` at `scale`; overrides by dotted name: `preset("paper", "toy", **{"losses.adv": 0})`.

        Raises ValueError for an unknown recipe, scale, field or value, with what was meant.
        """
        for name, value, table in (("recipe", recipe, RECIPES), ("scale", scale, SCALES)):
            if value not in table:
                raise ValueError(f"unknown {name} {value!r}{meant(value, table)}")
        config = cls(recipe=recipe, scale=scale)
        return config.replace(**RECIPES[recipe]).replace(**SCALES[scale]).replace(**overrides)

    def replace(self, **changes: Any) -> Config:
        """A copy with the dotted fields changed: `config.replace(**{"optim.steps": 100, "seed": 1})`."""
        top: dict[str, Any] = {}
        for dotted, value in changes.items():
            section, _, name = dotted.rpartition(".")
            names = field_names(getattr(self, section, None) if section else self)
            if name not in names:
                raise ValueError(f"no setting {dotted!r}{meant(dotted, [*flatten(self.to_dict()), *SECTIONS])}")
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
        return cls().replace(**flatten(values))

    @classmethod
    def from_yaml(cls, text_or_path: str | Path) -> Config:
        """Read what `to_yaml` wrote, from a path or a string."""
        text = text_or_path.read_text() if isinstance(text_or_path, Path) else text_or_path
        return cls.from_dict(yaml.safe_load(text))

    def differences(self, other: Config) -> list[str]:
        """Dotted names of the settings in which two runs differ, leaving out `run`, which changes no result."""
        mine, theirs = flatten(self.to_dict()), flatten(other.to_dict())
        return [k for k in mine if mine[k] != theirs[k] and not k.startswith("run.")]


SECTIONS = ("data", "networks", "losses", "optim", "run")


def _with_lists(items: list[tuple[str, Any]]) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in items}
