"""The paper's figures, each from one command.

    python -m dgnet_lite.show.figures fig1 --true --out fig1.png          # of the shipped toy model
    python -m dgnet_lite.show.figures fig5 --run runs/toy/seed0 --out pictures
    python -m dgnet_lite.show.figures fig4 --out fig4.png \\
        --runs full=runs/ablation/full without_feed=runs/ablation/without_feed without_id=runs/ablation/without_id
    python -m dgnet_lite.show.figures all --out pictures

fig1 swaps; fig3 beside an LSGAN; fig4 after other trainings; fig5 between two codes, of appearance and of structure, as
strips and moving; fig6 on each data set; fig7 the worst swaps by the true picture, and what they share; fig8 alpha and
beta; ranking lists. `all` draws what can be drawn and says what is missing for the rest.

Real data sets show people who were not asked: pictures with them are drawn only with --real-people, and only to a place
outside this repository.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from dgnet_lite import variants
from dgnet_lite.data.load import ReidData, load_data
from dgnet_lite.evaluation.disentangle import sample_swap_pairs
from dgnet_lite.progress import say
from dgnet_lite.show import failures, interpolation, versus, weighing
from dgnet_lite.show.grids import collect_swaps, different_people, swap_grid
from dgnet_lite.show.rankings import collect_rankings, ranking_lists
from dgnet_lite.show.sets import find_sets, read_few, real_people
from dgnet_lite.show.style import Picture, save
from dgnet_lite.study import generate
from dgnet_lite.trained import Found, find_models
from dgnet_lite.training.checkpoint import write_whole
from dgnet_lite.training.unconditional import load_generator, sample

ROOT = Path(__file__).resolve().parents[2]
"""The repository: no picture of a real person goes there."""
PAPER = (0.2, 0.5)
"""alpha and beta of the paper, Sec. 4.2 and Fig. 8."""
RESULTS = (ROOT / "notebooks" / "results" / "ablation_toy.json", Path("runs/ablation/ablation.json"))
"""Where an ablation's results may be, for Fig. 8."""
GRID, SETS, WALKS, PAIRS = (5, 10), (3, 10), 4, 10
"""Rows and columns of Fig. 1 and of each data set of Fig. 6, rows of Fig. 5, and columns of Fig. 4."""
Parts = Mapping[str, Picture | bytes]
"""By what is added to the file's name, "" for the figure itself: a picture, or the bytes of a GIF."""


@dataclass(frozen=True)
class Asked:
    """What a figure is drawn of; fields as the options of the command."""

    run: str | Path | None = None
    data_root: Path = Path("data")
    runs: Mapping[str, str] | None = None
    lsgan: Path = Path("runs/lsgan/seed0")
    on: Sequence[str | Path] | None = None
    ablation: Path | None = None
    true: bool = False
    real_people: bool = False
    seed: int = 0
    swaps: int = 2000

    @cached_property
    def found(self) -> Found:
        return find_models(self.run)

    @cached_property
    def data(self) -> ReidData:
        """Of the run. Raises PermissionError: real people, and nobody asked for them."""
        return self.data_of(self.found)

    def data_of(self, found: Found) -> ReidData:
        data = load_data(found.config, self.data_root)
        if data.world is None and not self.real_people:
            raise PermissionError(f"{data.index.name} shows real people: --real-people draws them all the same")
        return data


def fig1(asked: Asked) -> Parts:
    """Rows appearance, columns structure; with `true` the true picture beneath each swap."""
    swaps = collect_swaps(asked.found.model, asked.data, GRID, asked.seed)
    if asked.true and swaps.true is None:
        raise ValueError(f"{asked.data.index.name} has no true swaps, only Toy Market has: leave --true out")
    return {"": swap_grid(swaps.appearances, swaps.structures, swaps.generated, swaps.true if asked.true else None)}


def fig3(asked: Asked, columns: int = 10, rows: int = 2) -> Parts:
    """Training images, an LSGAN's pictures of noise, and swaps of training images, all by lot.

    Raises ValueError: the two learnt for different times, on other images, or in other batches.
    """
    found, count, rng = asked.found, columns * rows, np.random.default_rng(asked.seed)
    G, config = load_generator(asked.lsgan)
    names = ("dataset", "scale", "data.draw", "data.height", "optim.steps", "optim.batch_size")
    if other := sorted(set(names) & set(config.differences(found.config))):
        raise ValueError(
            f"the LSGAN of {asked.lsgan} and the DG-Net differ in {', '.join(other)}: a comparison needs the same data "
            "and the same budget. Train one to match: python -m dgnet_lite.training.unconditional --help"
        )
    data = asked.data
    i, j = sample_swap_pairs(data.index.train.ids, count, rng)
    images = {
        "real": data.train[rng.choice(len(data.train), count, replace=False)],
        "LSGAN": sample(G, count, asked.seed),
        "DG-Net": generate(found.model, data.train[i], data.train[j]),
    }
    note = "DG-Net had two real pictures to make each of, the LSGAN nothing but noise."
    return {"": versus.by_generator(images, columns=columns, note=note)}


def fig4(asked: Asked) -> Parts:
    """The same swaps by each of `runs`, the true ones beneath."""
    if not asked.runs:
        raise ValueError(
            "fig4 compares runs: train them with python -m dgnet_lite.ablation --rows full without_feed without_id, "
            "and give --runs full=runs/ablation/full without_feed=... without_id=..."
        )
    models = {name: find_models(run) for name, run in asked.runs.items()}
    first = next(iter(models.values()))
    for name, found in models.items():
        if other := {"dataset", "data.draw", "data.height"} & set(found.config.differences(first.config)):
            raise ValueError(f"the run {name} has other images: {', '.join(sorted(other))} differs")
    data = asked.data_of(first)
    chosen = different_people(data, 2 * PAIRS, asked.seed, "query")
    i, j = chosen[:PAIRS], chosen[PAIRS:]
    swaps = {name: generate(found.model, data.query[i], data.query[j]) for name, found in models.items()}
    true = None
    if data.world is not None:
        keys = [data.world.key(path) for path in data.index.query.paths]
        pairs = [(keys[a], keys[b]) for a, b in zip(i, j, strict=True)]
        true = data.world.render_many(pairs, height=data.query.shape[1], workers=1)
    return {"": versus.by_training(data.query[i], data.query[j], swaps, true)}


def fig5(asked: Asked) -> Parts:
    """Pictures between two appearance codes and between two structure codes; of few people also moving."""
    model, data, parts = asked.found.model, asked.data, {}
    for code, part in (("appearance", ""), ("structure", "_structure")):
        parts[part] = interpolation.walk_strips(interpolation.collect_walk(model, data, code, WALKS, 8, asked.seed))
        walk = interpolation.collect_walk(model, data, code, WALKS, 10, asked.seed)
        parts[f"{part}_moving"] = interpolation.walk_gif(walk)
    return parts


def fig6(asked: Asked) -> Parts:
    """Swaps on the run's own data set and on each other one; with `runs`, of each run on its own data set.

    Without `on`, other data sets are looked for in `data_root`. Those that show real people are left out, with a line
    that says so, unless `real_people`.
    """
    shape, sets = SETS, {}
    if asked.runs:
        for name, run in asked.runs.items():
            found = find_models(run)
            sets[name] = collect_swaps(found.model, asked.data_of(found), shape, asked.seed)
        return {"": versus.by_data_set(sets)}
    model, height = asked.found.model, asked.found.config.data.height
    sets[asked.data.index.name] = collect_swaps(model, asked.data, shape, asked.seed)
    for folder in find_sets(asked.data_root) if asked.on is None else map(Path, asked.on):
        if real_people(folder) and not asked.real_people:
            say(f"{folder} shows real people and is left out: --real-people draws them all the same")
            continue
        few = read_few(folder, sum(shape), height, asked.seed)
        sets[few.index.name] = collect_swaps(model, few, shape, asked.seed)
    return {"": versus.by_data_set(sets)}


def fig7(asked: Asked) -> Parts:
    """The worst of many swaps beside the true pictures, and how often swaps with each factor are among the worst."""
    judged = failures.judge_swaps(asked.found.model, asked.data, asked.swaps, asked.seed)
    return {"": failures.failure_cases(judged), "_factors": failures.failure_bars(judged.rates(), failures.WORST)}


def fig8(asked: Asked) -> Parts:
    """Scores over alpha, from an ablation's file where there is one, and over beta, of the run."""
    found, data = asked.found, load_data(asked.found.config, asked.data_root)
    file = asked.ablation or next((each for each in RESULTS if each.is_file()), None)
    alpha = weighing.over_alpha(variants.read(file)) if file else None
    if asked.ablation and alpha is None:
        raise ValueError(
            f"{file} has no two values of alpha: python -m dgnet_lite.ablation --rows full alpha_0 alpha_1"
        )
    beta = weighing.collect_beta(found.model.E_a, data)
    where = {"toymarket": "Toy Market"}.get(data.index.name, data.index.name)
    return {"": weighing.alpha_and_beta(alpha, beta, chosen=PAPER, on=f"test on {where}")}


def ranking(asked: Asked) -> Parts:
    """Queries from the best average precision to the worst, and whom f_prim and f_fine put first."""
    found = asked.found
    lists = collect_rankings(found.model.E_a, asked.data, found.config.beta, n=5, top=10)
    return {"": ranking_lists(lists.queries, lists.gallery, lists.ranked, lists.labels, feature="f_prim and f_fine")}


FIGURES: dict[str, Callable[[Asked], Parts]] = {
    "fig1": fig1,
    "fig3": fig3,
    "fig4": fig4,
    "fig5": fig5,
    "fig6": fig6,
    "fig7": fig7,
    "fig8": fig8,
    "ranking": ranking,
}


def write(name: str, asked: Asked, out: Path, command: str) -> Iterator[Path]:
    """Draw a figure and write its parts; `out` is a folder, or a file ending in .png, by whose name all are called."""
    if asked.real_people and out.resolve().is_relative_to(ROOT):
        raise PermissionError(f"real people's pictures do not go into the repository: give an --out outside of {ROOT}")
    place = out if out.suffix == ".png" else out / f"{name}.png"
    for part, content in FIGURES[name](asked).items():
        path = place.with_name(f"{place.stem}{part}{'.gif' if isinstance(content, bytes) else '.png'}")
        if isinstance(content, bytes):
            write_whole(path, lambda file, content=content: file.write(content))
        else:
            save(content, path, command=command)
        yield path


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw one figure, or all."""
    parser = argparse.ArgumentParser(
        prog="python -m dgnet_lite.show.figures",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("figure", choices=[*FIGURES, "all"])
    parser.add_argument("--out", type=Path, required=True, help="a folder, or a file ending in .png")
    parser.add_argument("--run", help="folder of a finished run, or of a seed of it; else the shipped toy model")
    parser.add_argument("--data-root", type=Path, default=Path("data"), help="of the run's data set; default: data")
    parser.add_argument("--true", action="store_true", help="fig1: the true picture beneath each swap")
    parser.add_argument("--lsgan", type=Path, default=Path("runs/lsgan/seed0"), help="fig3: default runs/lsgan/seed0")
    parser.add_argument("--runs", nargs="+", metavar="NAME=FOLDER", help="fig4, and fig6 with a run for each data set")
    parser.add_argument("--on", nargs="*", metavar="FOLDER", help="fig6: other data sets; else all in --data-root")
    parser.add_argument("--swaps", type=int, default=2000, help="fig7: how many are judged; default: 2000")
    parser.add_argument("--ablation", type=Path, metavar="FILE", help="fig8: what python -m dgnet_lite.ablation wrote")
    parser.add_argument("--real-people", action="store_true", help="draw real people, outside of the repository")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn by lot")
    given = list(sys.argv[1:]) if arguments is None else list(arguments)
    options = vars(parser.parse_args(given))
    name, out, runs = options.pop("figure"), options.pop("out"), options.pop("runs")
    if runs and not all("=" in each for each in runs):
        parser.error("--runs wants NAME=FOLDER, as in full=runs/ablation/full")
    if name == "all" and out.suffix == ".png":
        parser.error("all figures go into a folder: --out pictures")
    asked = Asked(runs=dict(each.split("=", 1) for each in runs) if runs else None, **options)
    named = (word if Path(word) != out or not out.is_absolute() else out.name for word in given)
    command = " ".join(["python -m dgnet_lite.show.figures", *named])  # is kept in the picture: no path of a machine
    for each in FIGURES if name == "all" else [name]:
        try:
            for path in write(each, asked, out, command):
                say(f"{path}: {path.stat().st_size // 1000} kB")
        except (OSError, ValueError) as error:
            if name != "all":
                parser.exit(2, f"{parser.prog}: {error}\n")
            say(f"{each} is left out: {error}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
