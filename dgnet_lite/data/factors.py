"""The factors that a Toy Market picture is drawn from, and how they are drawn by lot.

A picture is one row of factors, a flat dict. Its columns fall into two halves, cut where DG-Net cuts them:

- `APPEARANCE`: what the clothes look like: colours, pattern and its scale, fabric, shoes. E_a should carry these.
- `STRUCTURE`: everything else. First the identity that clothes do not change (stature, build, hair, skin, hat, bag)
  together with the garments' *cut* (sleeve, neck, trousers/shorts/skirt): the generator takes all geometry from s_j, so
  the true swap puts x_i's colours on garments of x_j's cut. Then the nuisance: pose, place, light, camera, blur, grain.

Every row comes from its own random stream, `stream(seed, kind, number)`, so no picture depends on another one.
"""

from __future__ import annotations

import math
from itertools import accumulate
from typing import Any

import numpy as np

Row = dict[str, Any]

CLOTH: dict[str, tuple[int, int, int]] = {
    "white": (234, 234, 230),
    "black": (36, 36, 40),
    "grey": (130, 132, 134),
    "red": (196, 42, 46),
    "blue": (46, 84, 186),
    "navy": (34, 44, 92),
    "green": (44, 130, 68),
    "yellow": (230, 202, 62),
    "pink": (232, 144, 174),
    "purple": (114, 60, 142),
    "orange": (230, 124, 42),
    "cyan": (86, 186, 204),
    "beige": (206, 184, 148),
    "brown": (108, 72, 46),
    "denim": (66, 96, 146),
    "light denim": (134, 160, 192),
}
SKIN = ((246, 214, 186), (228, 184, 148), (196, 146, 108), (142, 96, 66), (92, 62, 46))
HAIR = ((28, 24, 22), (68, 44, 30), (114, 76, 42), (208, 174, 106), (152, 64, 32), (152, 152, 152))

UPPER = tuple(name for name in CLOTH if "denim" not in name)
LOWER = ("black", "navy", "blue", "grey", "beige", "white", "brown", "red", "green")
DENIM = ("denim", "light denim", "black")
SHOES = ("black", "white", "brown", "red", "blue")
PATTERN = {"plain": 0.32, "hstripe": 0.15, "vstripe": 0.11, "dots": 0.10, "check": 0.10, "block": 0.12, "logo": 0.10}
FABRIC = {"plain": 0.48, "denim": 0.27, "side stripe": 0.18, "check": 0.07}
HAIR_STYLE = {"bald": 0.08, "short": 0.34, "long": 0.22, "bun": 0.13, "afro": 0.11, "ponytail": 0.12}
HAT = {"none": 0.66, "cap": 0.19, "beanie": 0.15}
# What belongs to the structure can be told apart in grey, since a grey picture is all that E_s gets.
HAT_COLOUR = ("black", "brown", "grey", "beige", "white")
BAG = {"none": 0.34, "backpack": 0.28, "crossbody": 0.20, "handbag": 0.18}
BAG_COLOUR = ("black", "brown", "grey", "beige", "white")
SLEEVE = {"short": 0.45, "long": 0.55}
NECK = {"crew": 0.40, "v": 0.18, "collar": 0.22, "hood": 0.20}
CUT = {"trousers": 0.58, "shorts": 0.24, "skirt": 0.18}

APPEARANCE = ("upper", "upper2", "pattern", "pattern_scale", "lower", "lower2", "fabric", "shoes")
IDENTITY = (
    "stature",  # 1 = average
    "build",  # 1 = slim
    "skin",  # index into SKIN
    "hair_style",
    "hair",  # index into HAIR
    "hat",
    "hat_colour",
    "bag",
    "bag_colour",
    "bag_side",  # -1 or 1
    "sleeve",
    "neck",
    "cut",
)
NUISANCE = (
    "camera",  # from 1, as in the file name
    "yaw",  # degrees; 0 looks at the viewer, 90 to the right
    "gait",  # phase of the step, radians
    "stride",  # 0 stands, 1 long steps
    "lean",
    "dx",  # the box's error, in 128ths of the picture's height
    "dy",
    "scale",
    "place_x",  # where in the camera's scene, 0..1
    "place_y",
    "light",  # -1 from the left, 1 from the right
    "gain",
    "contrast",
    "tint",  # warm (+) or cold (-)
    "blur",  # radius in 128ths of the picture's height
    "grain",  # standard deviation, grey levels
    "texture",  # 0..2**20: which piece of the fold and grain textures
)
STRUCTURE = IDENTITY + NUISANCE


def stream(seed: int, kind: str, number: int = 0) -> np.random.Generator:
    """The random stream of one thing: `kind` says what it is, `number` which one."""
    return np.random.default_rng([seed, *kind.encode(), number])


def _pick(rng: np.random.Generator, options: dict[str, float]) -> str:
    x = rng.random() * sum(options.values())
    for name, edge in zip(options, accumulate(options.values()), strict=True):
        if x < edge:
            return name
    return name


def _one_of(rng: np.random.Generator, names: tuple[str, ...]) -> str:
    return names[int(rng.integers(len(names)))]


def _unlike(rng: np.random.Generator, colour: str, names: tuple[str, ...]) -> str:
    """A colour that can be told from `colour`, also in grey."""

    def far(other: str) -> bool:
        return sum(abs(a - b) for a, b in zip(CLOTH[other], CLOTH[colour], strict=True)) > 180

    return _one_of(rng, tuple(name for name in names if far(name)))


def sample_outfit(rng: np.random.Generator) -> Row:
    """Appearance factors (`APPEARANCE`)."""
    upper, fabric = _one_of(rng, UPPER), _pick(rng, FABRIC)
    lower = _one_of(rng, DENIM if fabric == "denim" else LOWER)
    return {
        "upper": upper,
        "upper2": _unlike(rng, upper, UPPER),
        "pattern": _pick(rng, PATTERN),
        "pattern_scale": round(float(rng.uniform(1.0, 1.4)), 3),
        "lower": lower,
        "lower2": _unlike(rng, lower, LOWER),
        "fabric": fabric,
        "shoes": _one_of(rng, SHOES),
    }


def sample_identity(rng: np.random.Generator) -> Row:
    """Structure factors that stay with a person (`IDENTITY`)."""
    return {
        "stature": round(float(rng.uniform(0.84, 1.05)), 3),
        "build": round(float(rng.uniform(0.88, 1.34)), 3),
        "skin": int(rng.integers(len(SKIN))),
        "hair_style": _pick(rng, HAIR_STYLE),
        "hair": int(rng.integers(len(HAIR))),
        "hat": _pick(rng, HAT),
        "hat_colour": _one_of(rng, HAT_COLOUR),
        "bag": _pick(rng, BAG),
        "bag_colour": _one_of(rng, BAG_COLOUR),
        "bag_side": 1 if rng.random() < 0.5 else -1,
        "sleeve": _pick(rng, SLEEVE),
        "neck": _pick(rng, NECK),
        "cut": _pick(rng, CUT),
    }


def sample_nuisance(
    rng: np.random.Generator, camera: Row, *, light: float, blur: float, grain: float, badly_boxed: bool = False
) -> Row:
    """Structure factors of one picture (`NUISANCE`); `light`, `blur`, `grain` are the spec's fields.

    More than half of a camera's pedestrians walk its usual way, the others any way. `badly_boxed` is for junk: the box
    misses the person by much.
    """
    z = rng.standard_normal(9)
    u = rng.random(10)
    heading = camera["yaw"] if u[0] < 0.55 else 360 * u[1]
    miss = 8 if badly_boxed else 1
    return {
        "camera": camera["number"],
        "yaw": round(float(heading + 22 * z[0]) % 360, 1),
        "gait": round(float(2 * math.pi * u[2]), 3),
        "stride": round(float(0.15 + 0.85 * u[3]), 3),
        "lean": round(float(0.02 * z[1]), 3),
        "dx": round(float(2.0 * miss * z[2]), 2),
        "dy": round(float(1.6 * miss * z[3]), 2),
        "scale": round(float(1 + 0.035 * (3 if badly_boxed else 1) * z[4]), 3),
        "place_x": round(float(u[4]), 4),
        "place_y": round(float(u[5]), 4),
        "light": round(float(np.clip(camera["light"] + 0.3 * z[5], -1, 1)), 2),
        "gain": round(float(np.clip(1 + light * z[6], 0.6, 1.5)), 3),
        "contrast": round(float(np.clip(1 + light * z[7], 0.6, 1.5)), 3),
        "tint": round(float(0.3 * light * z[8]), 3),
        "blur": round(float(blur * 1.25 * u[6] * (1 + u[7])), 3),
        "grain": round(float(grain * (0.2 + 0.8 * u[8])), 2),
        "texture": int(u[9] * (1 << 20)),
    }


def sample_camera(seed: int, number: int, cameras: int, *, cast: float, background_saturation: float) -> Row:
    """Camera `number` (from 1): its usual heading, light, colour cast, exposure, and the stream of its scene."""
    rng = stream(seed, "camera", number)
    hue = rng.uniform(-1, 1, 3)
    hue -= hue.mean()
    return {
        "number": number,
        "yaw": round(360 * (number - 1) / cameras + float(rng.uniform(-20, 20)), 1),
        "light": round(float(rng.choice((-1, 1)) * rng.uniform(0.3, 0.8)), 2),
        "cast": [round(float(v), 4) for v in 1 + cast * hue / (np.abs(hue).max() + 1e-6)],
        "gain": round(1 + 0.7 * cast * float(rng.uniform(-1, 1)), 4),
        "saturation": background_saturation,
        "seed": seed,
    }
