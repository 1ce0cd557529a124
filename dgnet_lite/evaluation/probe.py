"""What a code remembers: Toy Market's known factors, read from the code by a linear probe (paper, Table 1).

A probe is ridge regression, trained on some people and judged on others. Its skill is 0 when it does no better than one
constant answer, and 1 when it is always right. A linear probe finds what is there in plain form; a skill of 0 does not
prove that nothing is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from dgnet_lite.data.factors import (
    CLOTH,
    HAIR,
    SKIN,
    Row,
    sample_identity,
    sample_nuisance,
    sample_outfit,
    stream,
)
from dgnet_lite.data.picture import render
from dgnet_lite.data.toymarket import ToyMarket

STRENGTHS = (0.01, 0.1, 1.0, 10.0, 100.0)
"""Of the ridge, as multiples of the mean squared length of a centred code; `read_out` chooses one for each factor."""


@dataclass(frozen=True, eq=False)
class ProbeSet:
    """images: uint8 (N, H, W, 3). person: (N,) int64. factors: N rows, what each picture was drawn from."""

    images: np.ndarray
    person: Tensor
    factors: pd.DataFrame


def draw_probe_set(world: ToyMarket, people: int, *, pictures: int = 2, seed: int = 0) -> ProbeSet:
    """New people whom no network has seen, each in an outfit of their own, in the world's cameras.

    Outfit, body and nuisance come from separate random streams, so that in this set clothes say nothing of the body.
    """
    rows: list[Row] = []
    for k in range(people):
        who = sample_outfit(stream(seed, "probe outfit", k)) | sample_identity(stream(seed, "probe identity", k))
        for number in range(pictures):
            rng = stream(seed, "probe image", k * pictures + number)
            camera = world.cameras[int(rng.integers(len(world.cameras)))]
            rows.append(
                who | sample_nuisance(rng, camera, light=world.spec.light, blur=world.spec.blur, grain=world.spec.grain)
            )
    images = [render(row, row, world.cameras[row["camera"] - 1], world.height) for row in rows]
    person = torch.arange(people).repeat_interleave(pictures)
    return ProbeSet(np.stack(images), person, pd.DataFrame(rows))


@dataclass(frozen=True, eq=False)
class Factor:
    """One thing to read from a code.

    half: "appearance" or "structure", whose part it is. targets: (N, T), numbers, or one column a class if `classes`.
    """

    name: str
    half: str
    targets: Tensor
    classes: bool = False


def known_factors(rows: pd.DataFrame) -> list[Factor]:
    """Factors that can be seen in a small picture; `rows` are those of a `ProbeSet` or of `ToyMarket.factors`.

    A colour is split into its brightness, the mean of red, green and blue, and its hue, what is left of the three
    after that mean is taken away: a grey picture shows the first and not the second.
    """
    clothes, found = dict(zip(CLOTH, torch.tensor(list(CLOTH.values())) / 255, strict=True)), []
    for part in ("upper", "lower", "shoes"):
        rgb = torch.stack([clothes[name] for name in rows[part]])
        brightness = rgb.mean(dim=1, keepdim=True)
        found.append(Factor(f"{part}: hue", "appearance", rgb - brightness))
        found.append(Factor(f"{part}: brightness", "appearance", brightness))
    found += [Factor(name, "appearance", _one_hot(rows[name]), True) for name in ("pattern", "fabric")]
    for part, palette in (("skin", SKIN), ("hair", HAIR)):
        brightness = (torch.tensor(palette) / 255).mean(dim=1, keepdim=True)
        found.append(Factor(f"{part}: brightness", "structure", brightness[rows[part].tolist()]))
    worn = ("hair_style", "hat", "bag", "sleeve", "cut")
    found += [Factor(name.replace("_", " "), "structure", _one_hot(rows[name]), True) for name in worn]
    found += [Factor(name, "structure", _numbers(rows[[name]])) for name in ("stature", "build")]
    yaw = torch.deg2rad(_numbers(rows[["yaw"]]))
    found.append(Factor("heading", "structure", torch.cat([yaw.sin(), yaw.cos()], dim=1)))
    found.append(Factor("position in the box", "structure", _numbers(rows[["dx", "dy"]])))
    found.append(Factor("exposure", "structure", _numbers(rows[["gain"]])))
    found.append(Factor("camera", "structure", _one_hot(rows["camera"]), True))
    return found


def _numbers(table: pd.DataFrame) -> Tensor:
    return torch.tensor(table.to_numpy(np.float32))


def _one_hot(column: pd.Series) -> Tensor:
    names, number = np.unique(column.to_numpy(), return_inverse=True)
    return torch.eye(len(names))[torch.from_numpy(number)]


class Ridge:
    """Ridge regression on the pictures `train`, for many strengths at once.

    It minimises the summed squared error of t - b - W z plus strength * v * |W|^2, where v is the mean squared length
    of a centred training code. b is free. It is solved for one number a training picture, not one a dimension, since
    a structure code has far more of these; `gram` holds the products of all codes, (N, N).
    """

    def __init__(self, gram: Float[Tensor, "n n"], train: Bool[Tensor, " n"]) -> None:
        self.train = train
        with_mean = gram[:, train].mean(dim=1)
        self.kernel = (gram - with_mean[:, None] - with_mean + gram[train][:, train].mean())[:, train]
        own = self.kernel[train].double()
        self.v = own.diagonal().mean().item()
        self.lengths, self.directions = torch.linalg.eigh((own + own.T) / 2)

    def predict(self, rows: Bool[Tensor, " n"], targets: Float[Tensor, "n t"], strength: float) -> Float[Tensor, "m t"]:
        """What it says of the pictures `rows`, after learning `targets` of the training pictures."""
        t = targets[self.train].double()
        mean = t.mean(dim=0)
        damped = self.directions.T @ (t - mean) / (self.lengths.clamp(min=0) + strength * self.v)[:, None]
        return (self.kernel[rows].double() @ (self.directions @ damped) + mean).float()


def read_out(
    codes: Float[Tensor, "n d"],
    factors: Sequence[Factor],
    fold: Int[Tensor, " n"],
    strengths: Sequence[float] = STRENGTHS,
) -> list[Tensor]:
    """Of each factor (N, T): what ridge regression, trained on the other folds, says of each fold.

    How strong the ridge is, is chosen for each factor without a look at the fold: by training without the next fold
    too, and trying there.
    """
    z = codes - codes.mean(dim=0)
    gram = z @ z.T
    numbers = fold.unique().tolist()
    said = [torch.empty_like(factor.targets) for factor in factors]
    for k, following in zip(numbers, numbers[1:] + numbers[:1], strict=True):
        test, trial = fold == k, fold == following
        inner, outer = Ridge(gram, ~test & ~trial), Ridge(gram, ~test)
        for factor, answer in zip(factors, said, strict=True):
            t = factor.targets
            errors = [(inner.predict(trial, t, s) - t[trial]).pow(2).sum().item() for s in strengths]
            answer[test] = outer.predict(test, t, strengths[int(np.argmin(errors))])
    return said


def skill(
    predicted: Float[Tensor, "n t"], targets: Float[Tensor, "n t"], fold: Int[Tensor, " n"], *, classes: bool = False
) -> Float[Tensor, " folds"]:
    """Of each fold: 0 is as good as the best constant answer of the other folds, 1 is perfect; it can be below 0.

    Numbers: 1 - squared error / squared error of the training mean. Classes: (accuracy - chance) / (1 - chance), where
    chance is the accuracy of always saying the training folds' most frequent class.
    """
    scores = []
    for k in fold.unique():
        mean, p, t = targets[fold != k].mean(dim=0), predicted[fold == k], targets[fold == k]
        if classes:
            chance = t[:, mean.argmax()].mean()
            accuracy = (p.argmax(dim=1) == t.argmax(dim=1)).float().mean()
            scores.append((accuracy - chance) / (1 - chance).clamp(min=1e-6))
        else:
            scores.append(1 - (p - t).pow(2).sum() / (mean - t).pow(2).sum().clamp(min=1e-12))
    return torch.stack(scores)


def probe_table(codes: Mapping[str, Tensor], factors: Sequence[Factor], fold: Int[Tensor, " n"]) -> pd.DataFrame:
    """Skill of each factor from each code: columns code, half, factor, skill (mean over folds), error (of the mean)."""
    lines = []
    for name, code in codes.items():
        for factor, predicted in zip(factors, read_out(code.flatten(1), factors, fold), strict=True):
            scores = skill(predicted, factor.targets, fold, classes=factor.classes)
            error = scores.std().item() / len(scores) ** 0.5
            line = {"code": name, "half": factor.half, "factor": factor.name}
            lines.append(line | {"skill": scores.mean().item(), "error": error})
    return pd.DataFrame(lines)
