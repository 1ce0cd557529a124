"""When do generated images help? E_a trained on stored swaps of graded quality, from copies of x_j to true swaps.

    python -m dgnet_lite.quality --seeds 0 1 2
    python -m dgnet_lite.quality --groups labels alpha --seeds 0

A full training of DG-Net mixes two questions: how good are its swaps, and what do swaps of that quality bring? Here
they are made once, by a trained G, and E_a is trained on them as the oracle is (offline). Toy Market draws the true
swap of each pair, so that the same swaps can be made better, step by step, at no cost. Each training has as many steps,
the same teacher and the same real images. The same command again trains what is missing, and every call collects all
that is finished into quality.json; with `--into FILE` it is added to what another folder has left in FILE.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from dgnet_lite import trained
from dgnet_lite.config import Config
from dgnet_lite.data.batches import normalise
from dgnet_lite.data.load import ReidData, load_data
from dgnet_lite.dgnet import DGNet
from dgnet_lite.evaluation.disentangle import swap_scores
from dgnet_lite.evaluation.embed import combine, embed, eval_mode
from dgnet_lite.evaluation.seeds import gains_over
from dgnet_lite.labels import OTHER_STYLES
from dgnet_lite.networks.appearance import AppearanceEncoder
from dgnet_lite.networks.teacher import Teacher
from dgnet_lite.presets import SCALES, SELDOM
from dgnet_lite.report import environment
from dgnet_lite.study import Study, add, devices, generate, match, summary, training_pairs, true_swaps, write_json
from dgnet_lite.training.alone import alone
from dgnet_lite.training.checkpoint import write_whole
from dgnet_lite.training.teacher import Compositions
from dgnet_lite.validation import meant

COUNT, SCORED = 4000, 512
"""Swaps that are stored, as many as the oracle's; and how many of them are scored and shown to the teacher."""


@dataclass(frozen=True)
class Swaps:
    """Pairs (i, j) of training images of different identities: i gives the clothes, j the body.

    Images are uint8 (N, H, W, 3); labels (N,); `clothes` is (M, H, W) bool of the first M pairs.
    """

    y_i: np.ndarray
    y_j: np.ndarray
    copied: np.ndarray
    """x_j, as it is."""
    generated: np.ndarray
    true: np.ndarray
    clothes: np.ndarray

    def blend(self, t: float) -> np.ndarray:
        """generated + t (true - generated), pixel by pixel: 0 the generated swap, 1 the true one."""
        mixed = self.generated + t * (self.true.astype(np.float32) - self.generated)
        return mixed.round().clip(0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Condition:
    """What E_a sees besides the real images, and what else differs from the base."""

    what: str
    pictures: Callable[[Swaps], np.ndarray] | None = None
    """None: no swaps, both heads learn from real images alone."""
    changes: dict[str, Any] = field(default_factory=dict)


def _blend(t: float) -> Callable[[Swaps], np.ndarray]:
    return lambda swaps: swaps.blend(t)


def _labels(pictures: float, prefix: str) -> dict[str, Condition]:
    return {
        f"{prefix}_{style}": Condition(
            f"{prefix} swaps, label {style}", _blend(pictures), {"losses.teacher_label": style}
        )
        for style in OTHER_STYLES
    }


GROUPS: dict[str, dict[str, Condition]] = {
    "quality": {
        "two_heads": Condition("two heads, no swaps"),
        "copy": Condition("x_j unchanged in place of swaps", lambda swaps: swaps.copied),
        "generated": Condition("generated swaps", _blend(0.0)),
        "blend_25": Condition("a quarter of the way to the true swap", _blend(0.25)),
        "blend_50": Condition("half of the way", _blend(0.5)),
        "blend_75": Condition("three quarters of the way", _blend(0.75)),
        "true": Condition("true swaps", _blend(1.0)),
    },
    "labels": _labels(0.0, "generated") | _labels(1.0, "true"),
    "alpha": {
        f"alpha_{alpha:g}": Condition(f"generated swaps, alpha {alpha:g}", _blend(0.0), {"losses.alpha": alpha})
        for alpha in (0.0, 0.5, 1.0, 2.0)
    },
}
"""By name of the group; the base of `labels` and `alpha` is the condition `generated`: soft label, alpha 0.2."""

CONDITIONS: dict[str, Condition] = {name: each for group in GROUPS.values() for name, each in group.items()}


@dataclass(frozen=True)
class Search:
    """Where the runs lie, and the models and images that they share."""

    config: Config
    data: ReidData
    teacher: Teacher
    model: DGNet | None
    """None where there is no trained G: then `generated` and what is mixed of it cannot be made."""
    out: Path
    device: str = "cpu"
    count: int = COUNT
    progress: bool = True

    def study(self, name: str, seed: int) -> Study:
        config = self.config.replace(**CONDITIONS[name].changes, **SELDOM, seed=seed)
        folder = self.out / name / f"seed{seed}"
        return Study(config, self.data, folder, self.device, tensorboard=False, progress=self.progress)

    def run(self, names: Sequence[str], seeds: Sequence[int]) -> None:
        """Train and measure what is missing, a seed at a time: its swaps are made once."""
        for seed in seeds:
            for name in names:
                one = self.study(name, seed)
                one.result("offline", lambda one=one, name=name, seed=seed: self._measure(one, name, self.swaps(seed)))

    def swaps(self, seed: int) -> Swaps:
        """The swaps of one seed, from OUT/swaps if they were made before."""
        path = self.out / "swaps" / f"seed{seed}.npz"
        with alone(path.parent, path.stem):
            if not path.is_file():
                made = make_swaps(self.model, self.data, seed, self.count)
                write_whole(path, lambda file: np.savez(file, **vars(made)))
        with np.load(path) as kept:
            return Swaps(**kept)

    def _measure(self, one: Study, name: str, swaps: Swaps) -> dict[str, Any]:
        start, make = time.perf_counter(), CONDITIONS[name].pictures
        if make is None:
            encoder = one.control("two_heads", self.teacher)
            found: dict[str, Any] = {}
        else:
            images, labels = make(swaps), (torch.from_numpy(swaps.y_i), torch.from_numpy(swaps.y_j))
            encoder = one.control("offline", self.teacher, Compositions(torch.from_numpy(images), *labels))
            found = pictures(images, swaps, self.teacher)
        found |= retrieval_by_halves(encoder, self.data, one.config.beta)
        return found | {"wall": round(time.perf_counter() - start, 1)}


def make_swaps(model: DGNet | None, data: ReidData, seed: int, count: int = COUNT) -> Swaps:
    """`count` random pairs of training images, swapped by the model and by Toy Market."""
    i, j = training_pairs(data, seed, count)
    keys = [data.world.key(path) for path in data.index.train.paths]
    true = true_swaps(data, seed, count)
    clothes = np.stack([data.world.clothes_mask(keys[b]) for b in j[:SCORED]])
    labels, x_i, x_j = data.index.labels, data.train[i], data.train[j]
    generated = x_j if model is None else generate(model, x_i, x_j)
    return Swaps(labels[i], labels[j], x_j, generated, true, clothes)


def pictures(images: np.ndarray, swaps: Swaps, teacher: Teacher) -> dict[str, dict[str, float]]:
    """How good these pictures of the swaps are, and the teacher's mean probability of i and of j for them."""
    n = len(swaps.clothes)
    scores = swap_scores(images[:n], swaps.true[:n], swaps.copied[:n], swaps.clothes)
    kept = {k: round(float(v), 6) for k, v in scores.items() if k in ("clothes_l1_ratio", "changed_l1_ratio")}
    device = next(teacher.parameters()).device
    with torch.no_grad(), eval_mode(teacher):
        q = teacher(normalise(torch.from_numpy(images[:n]).to(device))).float().softmax(dim=1).cpu().numpy()
    shares = {who: q[np.arange(n), y[:n]].mean() for who, y in (("i", swaps.y_i), ("j", swaps.y_j))}
    return {"pictures": kept, "labels": {who: round(float(share), 6) for who, share in shares.items()}}


def retrieval_by_halves(encoder: AppearanceEncoder, data: ReidData, beta: float) -> dict[str, dict[str, float]]:
    """`both` features: of all queries, and of each half of the test identities against the whole gallery.

    "validation" is the half with the lower numbers. What is chosen by looking must be chosen there and reported on
    "test".
    """
    q, g = (combine(*embed(encoder, images), beta) for images in (data.query, data.gallery))
    ids = data.index.query.ids
    first = ids < np.unique(ids)[len(np.unique(ids)) // 2]
    halves = {"both": np.ones_like(first), "validation": first, "test": ~first}
    return {name: summary(match(q, g, data, rows)) for name, rows in halves.items()}


Results = Mapping[str, Mapping[int, dict[str, Any]]]
"""Of each condition and seed, what was measured."""


def collect(config: Config, out: Path) -> dict[str, dict[int, dict[str, Any]]]:
    """All that is finished in OUT under these settings, in the order of `CONDITIONS` and of the seeds."""
    found: dict[str, dict[int, dict[str, Any]]] = {}
    for name, condition in CONDITIONS.items():
        numbers = [path.name.removeprefix("seed") for path in (out / name).glob("seed*")]
        for seed in sorted(int(n) for n in numbers if n.isdigit()):
            one = Study(config.replace(**condition.changes, seed=seed), None, out / name / f"seed{seed}")
            kept = one.kept("offline")
            if kept is not None:
                found.setdefault(name, {})[seed] = kept
    return found


def compare(results: Results, base: str = "two_heads", part: str = "both") -> pd.DataFrame:
    """A line a condition: mAP in percent, its gain over `base` seed by seed, and how good its pictures are.

    Gains are in points, with mean, standard deviation (n - 1) and standard error. `clothes`: error inside the clothes
    over that of "x_j unchanged", 1 for the copy and 0 for true swaps. `i` and `j`: the teacher's mean probability of
    who gave the clothes and of who gave the body. part: "both", or the "validation" or "test" half of the identities.

    Raises ValueError: `base` was not measured.
    """
    if base not in results:
        raise ValueError(f"no result of {base!r}, which the others are compared with: run it first")
    lines = []
    for name, seeds in results.items():
        mAP = np.array([100 * r[part]["mAP"] for r in seeds.values()])
        gains = np.array(
            [100 * (r[part]["mAP"] - results[base][s][part]["mAP"]) for s, r in seeds.items() if s in results[base]]
        )
        shown = [r for r in seeds.values() if "pictures" in r]
        sd = float(np.std(gains, ddof=1)) if len(gains) > 1 else float("nan")
        lines.append(
            {
                "condition": name,
                "mAP": mAP.mean(),
                "gain": gains.mean() if len(gains) else float("nan"),
                "gain sd": sd,
                "gain se": sd / max(1, len(gains)) ** 0.5,
                "clothes": np.mean([r["pictures"]["clothes_l1_ratio"] for r in shown]) if shown else float("nan"),
                "i": np.mean([r["labels"]["i"] for r in shown]) if shown else float("nan"),
                "j": np.mean([r["labels"]["j"] for r in shown]) if shown else float("nan"),
                "seeds": len(seeds),
            }
        )
    return pd.DataFrame(lines).set_index("condition")


LABELLED = {"soft": {"true swaps": "true", "generated swaps": "generated"}} | {
    style: {f"{kind} swaps": f"{kind}_{style}" for kind in ("true", "generated")} for style in OTHER_STYLES
}
"""Conditions by label style and by what is labelled."""


def by_label(results: Results) -> dict[str, dict[str, dict[int, float]]]:
    """As `LABELLED`, the points over two heads of each seed.

    A style is left out until both were trained with it.
    """
    over = gains_over(results, "two_heads")
    return {
        style: {kind: over[name] for kind, name in names.items()}
        for style, names in LABELLED.items()
        if all(over.get(name) for name in names.values())
    }


def write(config: Config, out: Path, path: Path, device: str) -> None:
    """Collect what is finished into the file `path`, with what it was made with."""
    results = collect(config, out)
    metrics = {
        "environment": environment(device, config),
        "scale": config.scale,
        "steps": config.optim.steps,
        "devices": devices(out),
        "conditions": {
            name: {"what": CONDITIONS[name].what, "seeds": {str(seed): r for seed, r in seeds.items()}}
            for name, seeds in results.items()
        },
    }
    with alone(out, path.stem):
        write_json(path, metrics)


def read(path: Path) -> dict[str, dict[int, dict[str, Any]]]:
    """The results in a quality.json, for `compare`."""
    conditions = json.loads(path.read_text())["conditions"]
    return {name: {int(seed): r for seed, r in each["seeds"].items()} for name, each in conditions.items()}


def shipped(scale: str, data_root: Path, out: Path, device: str, steps: int | None = None) -> Search:
    """The search with the teacher and the G that are shipped with the package; None: as many steps as the scale's."""
    config = Config.preset("official", scale)
    if steps is not None:
        config = config.replace(**{"optim.steps": steps})
    with alone(data_root, "drawing"):
        data = load_data(config, data_root)
    models = trained.from_file(trained.SHIPPED, config, data.num_ids)
    if models is None:
        raise ValueError(f"the shipped models are of the scale toy, not {scale!r}")
    return Search(config, data, models.teacher.to(device), models.model.to(device), out, device)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m dgnet_lite.quality", description=__doc__.split("\n\n")[0])
    parser.add_argument("--groups", nargs="+", default=["quality"], metavar="GROUP", help=f"of {', '.join(GROUPS)}")
    parser.add_argument("--conditions", nargs="+", metavar="NAME", help="single conditions instead of groups")
    parser.add_argument("--scale", default="toy", choices=SCALES)
    parser.add_argument("--steps", type=int, help="of every training; default: the scale's")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--out", type=Path, default=Path("runs/quality"), help="default: runs/quality")
    parser.add_argument("--data-root", type=Path, default=Path("data"), help="where Toy Market is drawn; default: data")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--into", type=Path, metavar="FILE", help="add what stands in OUT to this file, too")
    asked = parser.parse_args(arguments)
    for name, known in [(g, GROUPS) for g in asked.groups] + [(c, CONDITIONS) for c in asked.conditions or []]:
        if name not in known:
            parser.error(f"unknown {name!r}{meant(name, known)}")
    names = asked.conditions or [name for group in asked.groups for name in GROUPS[group]]
    search = shipped(asked.scale, asked.data_root, asked.out, asked.device, asked.steps)
    search.run(names, asked.seeds)
    write(search.config, asked.out, asked.out / "quality.json", asked.device)
    if asked.into:
        try:
            add(asked.out / "quality.json", asked.into, "conditions")
        except ValueError as error:
            parser.error(str(error))
    results = collect(search.config, asked.out)
    if "two_heads" in results:
        print(compare(results).round(2).to_string())


if __name__ == "__main__":
    main()
