"""Trained on A, tested on B: what is left of a score where people, cameras or colours are others (release).

    python -m dgnet_lite.evaluation.transfer --on data/DukeMTMC-reID data/MSMT17 --run runs/market/seed0
    python -m dgnet_lite.evaluation.transfer --toymarket data/transfer --controls runs/transfer \
        --out notebooks/results/transfer_toy.json

The second draws Toy Markets that differ from the training's in one thing each: the same people before other cameras,
other people before the same cameras, one colour, light or blur setting changed and every person, pose and place kept.
With --controls, E_a is also trained, from the same teacher and as long, without generated images (minutes, resumed if
interrupted): only beside these can a gain be said to come from the images. Without --run the shipped toy model is
measured.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from dgnet_lite import trained
from dgnet_lite.config import Config
from dgnet_lite.data import folders, msmt17, reid, toymarket
from dgnet_lite.data.load import ReidData, load_data
from dgnet_lite.data.recoloured import RecolouredData
from dgnet_lite.data.toymarket import ToyMarket
from dgnet_lite.evaluation.bootstrap import interval
from dgnet_lite.evaluation.embed import combine, embed
from dgnet_lite.evaluation.retrieval import Retrieval, evaluate
from dgnet_lite.progress import progress as progress_bar
from dgnet_lite.progress import say
from dgnet_lite.report import environment
from dgnet_lite.study import Study
from dgnet_lite.training.checkpoint import write_whole

ROWS = ("teacher", "f_prim", "f_fine", "both")
CONTROLS = ("one_head", "two_heads", "recoloured")
"""E_a trained on real images alone: one head, two, and two on images in random colours."""


@dataclass(frozen=True)
class Variant:
    """A Toy Market beside the one of the training, the draw D.

    changes: fields of its `Spec`. cameras, people: seeds of either, None for D; people: whoever walks past, in training
    and test.
    """

    changes: Mapping[str, float] = field(default_factory=dict)
    cameras: int | None = None
    people: int | None = None


REDRAWS, OTHERS = 12, 3
"""How often other people, and how often other cameras are drawn."""

VARIANTS: dict[str, Variant] = {
    "as trained": Variant(),
    "no colour cast": Variant({"cast": 0.0}),
    "strong colour cast": Variant({"cast": 0.3}),
    "grey scenes": Variant({"background_saturation": 0.0}),
    "colourful scenes": Variant({"background_saturation": 0.8}),
    "changing light": Variant({"light": 0.25}),
    "blurred": Variant({"blur": 1.0}),
    "grainy": Variant({"grain": 15.0}),
    **{f"other people {k + 1}": Variant(people=100 + k) for k in range(REDRAWS)},
    **{f"other cameras {k + 1}": Variant(cameras=200 + k) for k in range(OTHERS)},
    **{f"other people and cameras {k + 1}": Variant(cameras=200 + k, people=100 + k) for k in range(OTHERS)},
}
"""By name. What is not changed is drawn alike, person by person and picture by picture."""


def read_test(folder: str | Path, height: int, *, progress: bool = False) -> ReidData:
    """Query and gallery of a data set in any layout that the package reads; training images stay on disk.

    Market-1501, DukeMTMC-reID and Toy Market are told from MSMT17 by its lists. Raises what the readers raise.
    """
    folder, world = Path(folder), None
    if any((folder / name).is_file() for name in msmt17.LIST_NAMES):
        index = msmt17.read_msmt17(folder)
    else:
        index = reid.read_market1501(folder, name=folder.name)
    if (folder / toymarket.DESCRIPTION).is_file():
        world = ToyMarket.load(folder)
    query, gallery = (reid.read_images(side.paths, height, progress=progress) for side in (index.query, index.gallery))
    return ReidData(index, np.empty((0, height, height // 2, 3), np.uint8), query, gallery, world)


def draw_variant(
    root: str | Path,
    name: str,
    *,
    scale: str,
    height: int,
    draw: int,
    dataset: str = "toymarket",
    progress: bool = False,
) -> Path:
    """Draw a variant of the Toy Market of this scale and draw into root/NAME, if it is not there; returns the folder.

    dataset: one of `toymarket.DATASETS`. Raises ValueError: there is no such variant.
    """
    if name not in VARIANTS:
        raise ValueError(f"no variant {name!r} of Toy Market; there are: {', '.join(VARIANTS)}")
    variant = VARIANTS[name]
    spec = replace(toymarket.spec_of(dataset, scale), **variant.changes)
    cameras = draw if variant.cameras is None else variant.cameras
    people = draw if variant.people is None else variant.people
    own = people if people != cameras else None
    few = dataset.removeprefix("toymarket").removeprefix("-")
    folder = Path(root) / "-".join(filter(None, (few, scale, str(height), str(draw), name.replace(" ", "-"))))
    return toymarket.write(folder, spec, height=height, seed=cameras, people=own, workers=1, progress=progress)


@dataclass(frozen=True)
class Models:
    """What is tested: a teacher, E_a, by name E_a of real images alone; the settings, and where they are from."""

    teacher: nn.Module
    E_a: nn.Module
    config: Config
    source: str
    controls: Mapping[str, nn.Module] = field(default_factory=dict)


def find_models(run: str | Path | None = None) -> Models:
    """Teacher and E_a of a finished run (runs/toy, or runs/toy/seed1), or the shipped ones.

    Raises what `trained.find_models` and its `teacher` raise.
    """
    found = trained.find_models(run)
    return Models(found.teacher, found.model.E_a, found.config, found.source)


def train_controls(models: Models, data: ReidData, folder: str | Path, *, progress: bool = True) -> Models:
    """With the fair controls beside them: E_a as many steps from the same teacher, without G. Resumed if interrupted.

    "recoloured" has two heads and sees each real image in random colours: what a line of augmentation can do.
    """
    study = Study(models.config, data, Path(folder), tensorboard=False, progress=progress)
    controls = {kind: study.control(kind, models.teacher).eval() for kind in ("one_head", "two_heads")}
    study = replace(study, data=RecolouredData.of(data), folder=Path(folder) / "recoloured")
    controls["recoloured"] = study.control("two_heads", models.teacher).eval()
    return replace(models, controls=controls)


def rankings(models: Models, data: ReidData, beta: float) -> dict[str, Retrieval]:
    """The test of `data` by each feature of `ROWS`, and by each control; beta weighs f_fine where there are two heads.

    A control of one head is compared by that, one of two by both.
    """
    sides, q, g = (data.query, data.gallery), data.index.query, data.index.gallery
    teacher, *others = (
        [embed(model, images) for images in sides] for model in (models.teacher, models.E_a, *models.controls.values())
    )
    pairs = {"teacher": [each[0] for each in teacher], "f_prim": [each[0] for each in others[0]]}
    pairs |= {"f_fine": [each[1] for each in others[0]]}
    for name, found in zip(("both", *models.controls), others, strict=True):
        pairs[name] = [each[0] if name == "one_head" else combine(*each, beta) for each in found]
    return {row: evaluate(a, q.ids, q.cameras, b, g.ids, g.cameras) for row, (a, b) in pairs.items()}


def scores(models: Models, data: ReidData, beta: float) -> dict[str, dict[str, float]]:
    """Rank@1 and mAP of each feature on the test of `data`, as fractions, with the uncertainty from its people.

    Args:
        models: they need not have seen any of `data`.
        beta: weight of f_fine in the row "both"; chosen on A, never on B.

    Returns: by row, rank1, mAP, and of the mAP low, high (95 % bootstrap over identities) and error. A row
    "both - f_prim" (and one for each control) is the mean difference of AP, query by query; it has no rank1.
    """
    found, ids = rankings(models, data, beta), data.index.query.ids
    rows: dict[str, dict[str, float]] = {}
    for row, result in found.items():
        rows[row] = {"rank1": result.rank1} | _interval(result.ap, ids)
    for other in ("f_prim", *models.controls):
        rows[f"both - {other}"] = _interval(found["both"].ap - found[other].ap, ids)
    return {row: {name: round(value, 6) for name, value in values.items()} for row, values in rows.items()}


def _interval(ap: np.ndarray, ids: np.ndarray) -> dict[str, float]:
    mean, low, high, error = interval(ap, ids)
    return {"mAP": mean, "low": low, "high": high, "error": error}


def measure(
    models: Models, test_sets: Mapping[str, Path], beta: float | None = None, *, progress: bool = True
) -> dict[str, dict[str, Any]]:
    """`scores` on each of some folders, by name, with the number of its queries and of the people asked for.

    beta: None takes that of the models' settings.
    """
    beta = models.config.beta if beta is None else beta
    table = {}
    for name, folder in progress_bar(test_sets.items(), show=progress, desc="testing", unit="set"):
        data = read_test(folder, models.config.data.height)
        counts = {"queries": len(data.query), "people": len(np.unique(data.index.query.ids))}
        table[name] = counts | {"rows": scores(models, data, beta)}
    return table


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="dgnet_lite.evaluation.transfer", description=__doc__.partition("\n")[0])
    parser.add_argument("--run", help="folder of a finished run; else the shipped model")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--on", nargs="+", metavar="FOLDER", help="data sets to test on, in any layout that is read")
    where.add_argument("--toymarket", metavar="FOLDER", help="draw variants of Toy Market there and test on them")
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, metavar="NAME", help="some of the variants: not all")
    parser.add_argument(
        "--controls", metavar="FOLDER", help="train E_a without generated images there, and test it too"
    )
    parser.add_argument("--data", default="data", metavar="FOLDER", help="what the run was trained on, for --controls")
    parser.add_argument("--beta", type=float, help="weight of f_fine; else that of the run")
    parser.add_argument("--out", type=Path, help="write the numbers there, as JSON")
    given = list(sys.argv[1:]) if arguments is None else list(arguments)
    options = parser.parse_args(given)
    try:
        models = find_models(options.run)
        if options.controls:
            models = train_controls(models, load_data(models.config, options.data), options.controls)
        table = measure(models, _test_sets(options, models), options.beta)
    except (OSError, ValueError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    config = models.config
    kept = {
        "command": " ".join(["python -m dgnet_lite.evaluation.transfer", *map(_quoted, given)]),
        "environment": environment("cpu", config),
        "trained_on": f"{config.dataset}, scale {config.scale}, draw {config.data.draw}",
        "models": f"{models.source}, seed {config.seed}",
        "controls": list(models.controls),
        "beta": config.beta if options.beta is None else options.beta,
        "interval": "95 % of bootstrap means over identities",
        "sets": table,
    }
    if options.out:
        text = json.dumps(kept, indent=1)
        write_whole(options.out, lambda file: file.write(text.encode()))
    say(f"trained on {kept['trained_on']} ({kept['models']}); Rank@1 / mAP in percent, beta {kept['beta']:g}")
    for name, found in table.items():
        rows = {row: numbers for row, numbers in found["rows"].items() if "rank1" in numbers}
        cells = (f"{row} {100 * numbers['rank1']:.1f}/{100 * numbers['mAP']:.1f}" for row, numbers in rows.items())
        say(f"  {name:28s} {'  '.join(cells)}")


def _test_sets(options: argparse.Namespace, models: Models) -> dict[str, Path]:
    if options.on:
        return {str(folder): folder for folder in (folders.existing(each, "a data set") for each in options.on)}
    config = models.config
    drawn = {"scale": config.scale, "height": config.data.height, "draw": config.data.draw}
    if config.dataset in toymarket.DATASETS:
        drawn["dataset"] = config.dataset
    bar = progress_bar(options.variants or list(VARIANTS), show=True, desc="drawing", unit="set")
    return {name: draw_variant(options.toymarket, name, **drawn) for name in bar}


def _quoted(word: str) -> str:
    return f"'{word}'" if " " in word else word


if __name__ == "__main__":
    main()
