"""Variants of a recipe: each trained and measured where that is missing, collected, and compared seed by seed.

`dgnet_lite.ablation` is the table of those that there are, and the command.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dgnet_lite.config import Config
from dgnet_lite.data.load import load_data
from dgnet_lite.networks.teacher import Teacher
from dgnet_lite.presets import SELDOM
from dgnet_lite.report import environment, training_seconds
from dgnet_lite.rows import ROWS
from dgnet_lite.study import Study, devices, write_json
from dgnet_lite.training.alone import alone

Results = Mapping[str, Mapping[int, dict[str, dict[str, Any]]]]
"""Of each variant and seed, what `Study.run` returned."""


@dataclass(frozen=True)
class Variant:
    """A recipe, and what it changes of it."""

    what: str
    recipe: str = "official"
    changes: dict[str, Any] = field(default_factory=dict)
    controls: tuple[str, ...] = ()
    """What is trained beside it: see `Study.control`."""

    def config(self, scale: str, seed: int) -> Config:
        return Config.preset(self.recipe, scale, **self.changes, **SELDOM, seed=seed)


Table = Mapping[str, Variant]
"""Named variants."""


def study(
    variant: Variant, name: str, scale: str, seed: int, out: Path, data: Any = None, device: str = "cpu"
) -> Study:
    """One seed of a variant, in OUT/NAME/seedN; without data only what is measured already can be read."""
    return Study(variant.config(scale, seed), data, out / name / f"seed{seed}", device, tensorboard=False)


def finished(variant: Variant, name: str, scale: str, seed: int, out: Path) -> dict[str, dict[str, Any]] | None:
    """What `Study.run` returned for this variant and seed, controls as far as there are any; None where unfinished."""
    one = study(variant, name, scale, seed, out)
    controls = [row for row in ROWS if row not in ("teacher", "f_prim", "f_fine", "both")]
    parts = {part: one.kept(part) for part in ("teacher", "dgnet", "swaps", "labels", *controls)}
    if any(parts[part] is None for part in ("teacher", "dgnet", "swaps", "labels")):
        return None
    return parts.pop("dgnet") | {part: result for part, result in parts.items() if result is not None}


def collect(table: Table, scale: str, out: Path) -> dict[str, dict[int, dict[str, dict[str, Any]]]]:
    """Everything that is finished in OUT, in the order of `table` and of the seeds."""
    found: dict[str, dict[int, dict[str, dict[str, Any]]]] = {}
    for name, variant in table.items():
        numbers = [path.name.removeprefix("seed") for path in (out / name).glob("seed*")]
        seeds = sorted(int(n) for n in numbers if n.isdigit())
        results = {seed: finished(variant, name, scale, seed, out) for seed in seeds}
        results = {seed: result for seed, result in results.items() if result is not None}
        if results:
            found[name] = results
    return found


def compare(results: Results, base: str = "full") -> pd.DataFrame:
    """A line a variant: mean and standard deviation over its seeds, and its mAP minus that of `base`, seed by seed.

    Retrieval in percent, f_prim with f_fine; `f_fine`: mAP of that alone; `baseline`: mAP of one head trained as many
    steps by the same recipe. `clothes`: error inside the clothes over that of "x_j unchanged". `sure`: the teacher's
    mean probability of i for a swap.
    """
    if not results:
        raise ValueError("nothing to compare is finished: python -m dgnet_lite.ablation trains it")
    lines = []
    for name, seeds in results.items():
        columns = {
            "Rank@1": [100 * r["both"]["rank1"] for r in seeds.values()],
            "mAP": [100 * r["both"]["mAP"] for r in seeds.values()],
            "over base": [
                100 * (r["both"]["mAP"] - results[base][seed]["both"]["mAP"])
                for seed, r in seeds.items()
                if name != base and seed in results.get(base, {})
            ],
            "f_fine": [100 * r["f_fine"]["mAP"] for r in seeds.values()],
            "baseline": [100 * r["one_head"]["mAP"] for r in seeds.values() if "one_head" in r],
            "clothes": [r["swaps"]["clothes_l1_ratio"] for r in seeds.values()],
            "PSNR": [r["swaps"]["psnr"] for r in seeds.values()],
            "sure": [r["labels"]["generated_i"] for r in seeds.values()],
        }
        line: dict[str, Any] = {"variant": name}
        for column, values in columns.items():
            line[column] = float(np.mean(values)) if values else float("nan")
            line[f"{column} sd"] = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
        lines.append(line | {"seeds": len(seeds)})
    return pd.DataFrame(lines).set_index("variant")


def run(
    table: Table,
    names: Sequence[str],
    scale: str,
    seeds: Sequence[int],
    out: Path,
    data_root: Path,
    device: str,
    base: str = "full",
    only: Sequence[str] = (),
    controls: Sequence[str] | None = None,
) -> None:
    """Train and measure what is missing, each variant with its controls, or with these; or `only` some, without DG-Net.

    A variant that differs from `base` in DG-Net's losses alone has the same teacher: that of `base` is taken, and
    trained there if it is not there yet.
    """
    for name in names:
        for seed in seeds:
            variant, config = table[name], table[name].config(scale, seed)
            wanted = variant.controls if controls is None else controls
            results = finished(variant, name, scale, seed, out)
            if results is not None and set(wanted) <= set(results):
                continue
            print(f"{name}, seed {seed}: {variant.what}", flush=True)
            with alone(data_root, "drawing"):
                data = load_data(config, data_root)
            one = study(variant, name, scale, seed, out, data, device)
            teacher = teacher_of(table, name, base, one, out)
            if only:
                one.run_controls(only, teacher)
            else:
                one.run(wanted, teacher)


def teacher_of(table: Table, name: str, base: str, one: Study, out: Path) -> Callable[[], Teacher]:
    """Whose teacher this variant has: its own, or that of `base`."""
    own = one.config.differences(table[base].config(one.config.scale, one.config.seed))
    if name == base or any(not setting.startswith("losses.") for setting in own):
        return one.teacher
    return study(table[base], base, one.config.scale, one.config.seed, out, one.data, one.device).teacher


def write(table: Table, scale: str, out: Path, path: Path, device: str) -> None:
    """Collect what is finished in OUT into the file `path`, with what it was made with."""
    results = collect(table, scale, out)
    metrics = {
        "environment": environment(device, Config.preset("official", scale)),
        "scale": scale,
        "variants": {
            name: {
                "what": table[name].what,
                "seeds": {str(seed): result for seed, result in seeds.items()},
                "training_seconds": training_seconds(out / name),
                "devices": devices(out / name),
            }
            for name, seeds in results.items()
        },
    }
    with alone(out, path.stem):
        write_json(path, metrics)


def read(path: Path) -> dict[str, dict[int, dict[str, dict[str, Any]]]]:
    """The results in a file of `write`, for `compare`."""
    variants = json.loads(path.read_text())["variants"]
    return {name: {int(seed): r for seed, r in each["seeds"].items()} for name, each in variants.items()}
