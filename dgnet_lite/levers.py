"""In which worlds could generated images help? Perfect swaps against none, as Toy Market's data change.

    python -m dgnet_lite.levers --seeds 0 1 2
    python -m dgnet_lite.levers base few_people --seeds 0 --learned

The oracle shows E_a the true swaps. Where it gains nothing over two heads without generated images, no generator need
be trained; elsewhere `--learned` trains DG-Net, too, and its plain rival on recoloured images. Each world is Toy
Market's `toy` with one number changed, and has its own teacher unless only its test differs. What is finished is not
run again; every call collects all there is into OUT/levers.json, and `--into FILE` adds it to what another folder has
left in FILE.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dgnet_lite.config import Config
from dgnet_lite.data import reid, toymarket
from dgnet_lite.data.load import ReidData
from dgnet_lite.data.recoloured import RecolouredData
from dgnet_lite.evaluation.seeds import gains_over
from dgnet_lite.networks.appearance import AppearanceEncoder
from dgnet_lite.presets import SCALES, SELDOM
from dgnet_lite.report import environment
from dgnet_lite.study import Study, add, devices, retrieval, write_json
from dgnet_lite.training.alone import alone
from dgnet_lite.validation import meant

Rows = dict[str, dict[str, float]]
"""By row, what was measured: the mAP and more."""

CONTROLS = ("two_heads", "oracle")
LEARNED = ("both", "one_head", "recoloured")
"""Trained if asked for: DG-Net; one head as long; and two on real images in random colours, the plain rival."""


@dataclass(frozen=True)
class World:
    """Toy Market with something changed."""

    what: str
    spec: dict[str, float] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)
    """Of the configuration."""
    test: dict[str, float] = field(default_factory=dict)
    """As `spec`, but of query and gallery alone: what is trained is that of the world with the same rest."""


WORLDS: dict[str, World] = {
    "base": World("as the lessons have it: 100 identities, 12 images of each, 6 share an outfit in the test"),
    "few_images": World("6 images an identity", {"train_images_per_id": 6}),
    "many_images": World("24 images an identity", {"train_images_per_id": 24}),
    "few_people": World("50 identities", {"train_ids": 50}),
    "many_people": World("200 identities", {"train_ids": 200}),
    "two_cameras": World("2 cameras an identity", {"cameras_per_train_id": 2}),
    "own_clothes": World("in the test every identity has an outfit of its own", test={"test_collide": 1}),
    "twelve_alike": World("12 share an outfit in the test", test={"test_collide": 12}),
    "strong_casts": World("stronger colour casts in the test", test={"cast": 0.3}),
    "few_people_casts": World(
        "50 identities, stronger colour casts in the test", {"train_ids": 50}, test={"cast": 0.3}
    ),
    "alike_in_training": World("3 share an outfit in training, too", {"train_collide": 3}),
    "weak_teacher": World("a quarter of the teacher's steps", changes={"optim.teacher_steps": 0.25}),
    "one_hot": World("label one-hot in place of the teacher's", changes={"losses.teacher_label": "one_hot"}),
}


def configure(name: str, scale: str, seed: int) -> Config:
    """The release's recipe with what the world changes; steps are given there as a share."""
    base, changes = Config.preset("official", scale, seed=seed), dict(WORLDS[name].changes)
    if "optim.teacher_steps" in changes:
        changes["optim.teacher_steps"] = round(changes["optim.teacher_steps"] * base.optim.teacher_steps)
    return base.replace(**changes, **SELDOM)


def trained_in(name: str) -> str:
    """The world whose models are tested in this one: itself, or the first that differs in the test alone."""
    own = WORLDS[name]
    return next(n for n, other in WORLDS.items() if (other.spec, other.changes) == (own.spec, own.changes))


def draw(name: str, config: Config, data_root: Path, workers: int | None = None) -> ReidData:
    """The world's images, drawn into DATA_ROOT/levers if they are not there. Its true swaps are those of training."""
    world, height = WORLDS[name], config.data.height

    def drawn(**changes: float) -> reid.ReidIndex:
        whole = next(n for n, w in WORLDS.items() if {**w.spec, **w.test} == changes)
        folder = data_root / "levers" / f"{whole}-{config.scale}-{height}-{config.data.draw}"
        with alone(data_root / "levers", folder.name):
            spec = replace(toymarket.spec_of("toymarket", config.scale), **changes)
            toymarket.write(folder, spec, height=height, seed=config.data.draw, workers=workers)
        return reid.read_market1501(folder, name="toymarket")

    index = drawn(**world.spec)
    test = drawn(**world.spec, **world.test) if world.test else index
    index = replace(index, query=test.query, gallery=test.gallery)
    splits = (index.train, index.query, index.gallery)
    return ReidData(index, *(reid.read_images(s.paths, height) for s in splits), toymarket.ToyMarket.load(index.root))


def measure(study: Study, name: str, *, learned: bool = False) -> None:
    """Train and measure what is missing of one world and seed: teacher, two heads, oracle; what is `LEARNED` if so."""
    teacher, beta, data = study.teacher(), study.config.beta, study.data

    def both(part: str, train: Callable[[], AppearanceEncoder]) -> None:
        study.result(_named(name, part), lambda: retrieval(train(), data, beta)["both"])

    study.result(_named(name, "teacher"), lambda: retrieval(teacher, data, beta)["f_prim"])
    for kind in CONTROLS:
        both(kind, lambda kind=kind: study.control(kind, teacher))
    if not learned:
        return
    coloured = replace(study, data=RecolouredData.of(data), folder=study.folder / "recoloured")
    both("recoloured", lambda: coloured.control("two_heads", teacher))
    study.result(_named(name, "one_head"), lambda: retrieval(study.control("one_head", teacher), data, beta)["f_prim"])
    if trained_in(name) == name:
        study.run(controls=())
    else:
        study.result(_named(name, "dgnet"), lambda: retrieval(study.dgnet(teacher).E_a, data, beta))


def _named(name: str, part: str) -> str:
    """Of a result in the folder of the models: those of a world that differs in the test alone bear its name."""
    return part if trained_in(name) == name else f"{name}.{part}"


def run(
    names: Sequence[str],
    scale: str,
    seeds: Sequence[int],
    out: Path,
    data_root: Path,
    device: str,
    *,
    learned: bool = False,
) -> None:
    """Train and measure what is missing."""
    for name in names:
        for seed in seeds:
            config = configure(name, scale, seed)
            there = finished(name, config, out)
            if there is None or (learned and not there.keys() >= set(LEARNED)):
                data, folder = draw(name, config, data_root), out / trained_in(name) / f"seed{seed}"
                measure(Study(config, data, folder, device, tensorboard=False), name, learned=learned)


def finished(name: str, config: Config, out: Path) -> Rows | None:
    """By row, what was measured under these settings, DG-Net's too if it was; None: a control or the teacher misses."""
    study = Study(config, None, out / trained_in(name) / f"seed{config.seed}")
    needed = ("teacher", *CONTROLS)
    parts = {part: study.kept(_named(name, part)) for part in (*needed, *LEARNED[1:], "dgnet", "swaps")}
    if None in (parts[part] for part in needed):
        return None
    dgnet = parts.pop("dgnet") or {}
    return {part: found for part, found in parts.items() if found is not None} | dgnet


def collect(scale: str, out: Path) -> dict[str, dict[int, Rows]]:
    """All that is finished in OUT, by world and seed."""
    found: dict[str, dict[int, Rows]] = {}
    for name in WORLDS:
        numbers = [path.name.removeprefix("seed") for path in (out / trained_in(name)).glob("seed*")]
        for seed in sorted(int(n) for n in numbers if n.isdigit()):
            results = finished(name, configure(name, scale, seed), out)
            if results is not None:
                found.setdefault(name, {})[seed] = results
    return found


GAINS = {"oracle": "true swaps", "both": "DG-Net", "recoloured": "recoloured"}
"""Rows that are compared with two heads, and what is said to gain."""


def compare(results: Mapping[str, Mapping[int, Rows]]) -> pd.DataFrame:
    """A line a world, in points of mAP: the means of teacher, two heads and oracle, and what each of `GAINS` gains.

    A gain is over two heads, seed by seed: mean, deviation and number of seeds, and none where nothing was trained.
    """
    lines = []
    for name, seeds in results.items():
        line: dict[str, Any] = {"world": name}
        line |= {row: np.mean([100 * r[row]["mAP"] for r in seeds.values()]) for row in ("teacher", *CONTROLS)}
        for row, called in GAINS.items():
            found = np.array([*gains(seeds, row).values()])
            if len(found):
                sd = float(np.std(found, ddof=1)) if len(found) > 1 else float("nan")
                line |= {called: found.mean(), f"{called} sd": sd, f"{called} seeds": len(found)}
        lines.append(line)
    return pd.DataFrame(lines).set_index("world")


def gains(seeds: Mapping[int, Rows], row: str) -> dict[int, float]:
    """By seed, the points of mAP that a row gains over two heads; seeds without it are left out."""
    return gains_over(seeds, "two_heads", by="row").get(row, {})


def by_world(results: Mapping[str, Mapping[int, Rows]]) -> dict[str, dict[str, dict[int, float]]]:
    """By what the world is and by what gains: points of mAP over two heads, of each seed. For `show.gains.worlds`."""
    return {
        WORLDS[name].what: {called: gains(seeds, row) for row, called in GAINS.items()}
        for name, seeds in results.items()
    }


def write(scale: str, out: Path, path: Path, device: str) -> None:
    """Collect what is finished into the file `path`."""
    worlds = {
        name: {"what": WORLDS[name].what, "seeds": {str(seed): r for seed, r in seeds.items()}}
        for name, seeds in collect(scale, out).items()
    }
    with alone(out, path.stem):
        about = {"environment": environment(device, Config.preset("official", scale)), "scale": scale}
        write_json(path, about | {"devices": devices(out), "worlds": worlds})


def read(path: Path) -> dict[str, dict[int, Rows]]:
    """The results in a levers.json, for `compare`.

    The world `base` is that of `make toy`, with its settings: seeds in a toy.json beside the file are taken from there.
    """
    found = {name: _by_seed(each) for name, each in json.loads(path.read_text())["worlds"].items()}
    toy = path.with_name("toy.json")
    if toy.is_file():
        found["base"] = found.get("base", {}) | _by_seed(json.loads(toy.read_text()))
    return {name: found[name] for name in WORLDS if name in found}


def _by_seed(kept: dict[str, Any]) -> dict[int, Rows]:
    return {int(seed): rows for seed, rows in kept["seeds"].items()}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m dgnet_lite.levers", description=__doc__.split("\n\n")[0])
    parser.add_argument("names", nargs="*", metavar="WORLD", help=f"of {', '.join(WORLDS)}; none: all")
    parser.add_argument("--scale", default="toy", choices=SCALES)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--out", type=Path, default=Path("runs/levers"), help="default: runs/levers")
    parser.add_argument("--data-root", type=Path, default=Path("data"), help="where Toy Market is drawn; default: data")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--learned", action="store_true", help="DG-Net and its rivals, too: 20 to 50 minutes a seed")
    parser.add_argument("--into", type=Path, metavar="FILE", help="add what stands in OUT to this file, too")
    asked = parser.parse_args(arguments)
    for name in asked.names:
        if name not in WORLDS:
            parser.error(f"unknown world {name!r}{meant(name, WORLDS)}")
    names = asked.names or list(WORLDS)
    run(names, asked.scale, asked.seeds, asked.out, asked.data_root, asked.device, learned=asked.learned)
    write(asked.scale, asked.out, asked.out / "levers.json", asked.device)
    if asked.into:
        try:
            add(asked.out / "levers.json", asked.into, "worlds")
        except ValueError as error:
            parser.error(str(error))
    print(compare(collect(asked.scale, asked.out)).round(2).to_string())


if __name__ == "__main__":
    main()
