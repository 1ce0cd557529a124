"""The paper's Table 2: how real generated images look, and how different those of one person are.

    python -m dgnet_lite.evaluation.table2                                     # the shipped toy model on Toy Market
    python -m dgnet_lite.evaluation.table2 --run runs/full/seed0 --data-root data/Market-1501 --inception FILE
    python -m dgnet_lite.evaluation.table2 --images "LSGAN=runs/lsgan/seed0/images"

One fake for each training image: appearance in order, structure shuffled. Each set is compared with the training
images. Besides the paper's rows there is the copy of the structure image, which swaps nothing at all, and on Toy Market
the true swap, which is what a perfect generator makes, with a column that no real data set can have: the error inside
the clothes. Without Inception weights the distances are in other features, and not called FID.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dgnet_lite.data.load import ReidData, load_data
from dgnet_lite.data.reid import read_images
from dgnet_lite.dgnet import DGNet
from dgnet_lite.evaluation import extractors
from dgnet_lite.evaluation.disentangle import clothes_l1
from dgnet_lite.evaluation.diversity import PAIRS, ROUNDS, diversity
from dgnet_lite.evaluation.extractors import Extractor
from dgnet_lite.evaluation.frechet import SUBSET_SIZE, SUBSETS, frechet_distance, kernel_distance
from dgnet_lite.report import environment
from dgnet_lite.study import generate, write_json
from dgnet_lite.trained import find_models

PAPER: dict[str, tuple[float, float | None]] = {
    "real": (7.22, 0.350),
    "LSGAN": (136.26, None),
    "PG2-GAN": (151.16, None),
    "PN-GAN": (54.23, 0.335),
    "FD-GAN": (257.00, 0.247),
    "DG-Net": (18.24, 0.360),
}
"""FID and "SSIM" on Market-1501. Source: paper, Table 2."""

PICTURES = ("*.png", "*.jpg", "*.jpeg")


@dataclass(frozen=True, eq=False)
class ImageSet:
    """One row: images (N, H, W, 3) uint8, and whose each counts as, (N,); None where nobody is meant.

    swaps: whether image k is meant to be the swap of pair k, so that it can be held against the true one.
    """

    images: np.ndarray
    ids: np.ndarray | None = None
    swaps: bool = False


@dataclass(frozen=True, eq=False)
class Fakes:
    """Pairs of training images, i for the appearance and j for the structure, and the rows that are made of them."""

    i: np.ndarray
    j: np.ndarray
    sets: dict[str, ImageSet]


def image_sets(model: DGNet, data: ReidData, seed: int = 0) -> Fakes:
    """The rows "DG-Net", "reconstruction", "copy of x_j" and, on Toy Market, "true swap"; N images each.

    The ids are those of i, whose clothes the picture is meant to show. The copy counts as a picture of i, too: what is
    wrong with it is just what Table 2 does not ask.
    """
    x, ids = data.train, data.index.train.ids
    i, j = np.arange(len(x)), np.random.default_rng(seed).permutation(len(x))
    sets = {
        "DG-Net": ImageSet(generate(model, x[i], x[j]), ids, swaps=True),
        "reconstruction": ImageSet(generate(model, x, x), ids),
        "copy of x_j": ImageSet(x[j], ids, swaps=True),
    }
    if data.world is not None:
        keys = [data.world.key(path) for path in data.index.train.paths]
        true = data.world.render_many([(keys[a], keys[b]) for a, b in zip(i, j, strict=True)], workers=1)
        sets["true swap"] = ImageSet(true, ids, swaps=True)
    return Fakes(i, j, sets)


def folder_of_images(folder: str | Path, height: int, *, progress: bool = True) -> ImageSet:
    """Every PNG and JPEG in a folder, by name, as a row of nobody in particular. FileNotFoundError: there is none."""
    paths = sorted(path for pattern in PICTURES for path in Path(folder).glob(pattern))
    if not paths:
        raise FileNotFoundError(f"no {', '.join(PICTURES)} in {folder}: give the folder that holds the images")
    return ImageSet(read_images(paths, height, progress=progress))


def measure(
    sets: Mapping[str, ImageSet],
    data: ReidData,
    features: Sequence[Extractor],
    *,
    j: np.ndarray,
    seed: int = 0,
    subsets: int = SUBSETS,
) -> dict[str, dict[str, Any]]:
    """What is known of each row, by name: "images", "distances" by extractor, "diversity", "clothes_l1_ratio".

    The first row is "real": the gallery's persons (no distractors, no junk) against the training images, its diversity
    that of the training images. The ratio is the error inside the clothes over that of the copy. `j`, (N,): whose
    structure image k of a set of swaps has.

    Raises ValueError: a set is too small for its distance.
    """
    ids = data.index.gallery.ids
    rows = {"real": ImageSet(data.gallery[ids > 0])} | dict(sets)
    real = {each.name: each(data.train) for each in features}
    true = sets["true swap"].images if "true swap" in sets else None
    mask = None
    if true is not None:
        keys = [data.world.key(path) for path in data.index.train.paths]
        mask = np.stack([data.world.clothes_mask(keys[k]) for k in j])
        copied = clothes_l1(data.train[j], true, mask).nanmean().item()
    found = {}
    for name, row in rows.items():
        try:
            line: dict[str, Any] = {
                "images": len(row.images),
                "distances": {
                    each.name: _distances(real[each.name], each(row.images), seed, subsets) for each in features
                },
            }
        except ValueError as error:
            raise ValueError(f"row {name!r}: {error}") from error
        of_persons = ImageSet(data.train, data.index.train.ids) if name == "real" else row
        if of_persons.ids is not None:
            line["diversity"] = _rounded(diversity(of_persons.images, of_persons.ids, seed=seed)._asdict())
        if mask is not None and row.swaps:
            line["clothes_l1_ratio"] = round(clothes_l1(row.images, true, mask).nanmean().item() / copied, 6)
        found[name] = line
    return found


def _distances(real: Any, fake: Any, seed: int, subsets: int) -> dict[str, float]:
    kernel = kernel_distance(real, fake, seed=seed, subsets=subsets)
    return _rounded({"frechet": frechet_distance(real, fake), "kernel": kernel.mean, "kernel_sd": kernel.sd})


def _rounded(numbers: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in numbers.items()}


def table(kept: Mapping[str, Any]) -> pd.DataFrame:
    """The rows of what the command wrote, to read: distances (lower is better), diversity, error inside the clothes."""
    lines = {}
    for name, row in kept["rows"].items():
        line: dict[str, Any] = {"images": row["images"]}
        for features in kept["features"]:
            of = row["distances"][features["name"]]
            line[features["frechet"]] = f"{of['frechet']:.4g}"
            line[features["kernel"]] = f"{of['kernel']:.3g} ± {of['kernel_sd']:.1g}"
        of = row.get("diversity")
        line["SSIM"], line["DSSIM"] = (f"{of['ssim']:.3f}", f"{of['dssim']:.3f}") if of else ("-", "-")
        ratio = row.get("clothes_l1_ratio")
        line["error inside the clothes, copy = 1"] = "-" if ratio is None else f"{ratio:.2f}"
        lines[name] = line
    return pd.DataFrame.from_dict(lines, orient="index")


def make(
    run: str | Path | None,
    data_root: Path,
    *,
    inception: str | None = None,
    folders: Mapping[str, str | Path] | None = None,
    seed: int = 0,
    device: str = "cpu",
    subsets: int = SUBSETS,
    progress: bool = True,
) -> dict[str, Any]:
    """Everything that the command writes, its own line apart. Raises what its parts raise."""
    models = find_models(run)
    config, teacher = models.config, models.teacher.to(device)
    features = []
    if inception is not None:  # first: without the weights there is nothing to wait for
        features.append(extractors.inception(inception or None, device))
    data = load_data(config, data_root, progress=progress)
    height = config.data.height
    extra = {name: folder_of_images(path, height, progress=progress) for name, path in (folders or {}).items()}
    features += [extractors.embedding(teacher, "the teacher's features", height), extractors.thumbnails()]
    fakes = image_sets(models.model.to(device), data, seed)
    rows = measure(fakes.sets | extra, data, features, j=fakes.j, seed=seed, subsets=subsets)
    return {
        "environment": environment(device, config),
        "models": models.source,
        "model_seed": config.seed,
        "dataset": config.dataset,
        "recipe": config.recipe,
        "scale": config.scale,
        "draw": config.data.draw,
        "seed": seed,
        "size": list(data.train.shape[1:3]),
        "against": {"images": len(data.train), "split": "train"},
        "diversity": {"pairs": PAIRS, "rounds": ROUNDS},
        "kernel": {"subsets": subsets, "subset_size": SUBSET_SIZE},
        "features": [{"name": each.name, "frechet": each.frechet, "kernel": each.kernel} for each in features],
        "rows": rows,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m dgnet_lite.evaluation.table2",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--run", help="folder of a finished run, or of a seed of it; else the shipped model")
    parser.add_argument("--data-root", type=Path, default=Path("data"), help="of the run's data set; default: data")
    parser.add_argument(
        "--inception",
        nargs="?",
        const="",
        metavar="FILE",
        help="weights of FID's Inception network; without FILE, where torch keeps what was fetched earlier",
    )
    parser.add_argument(
        "--images", nargs="+", default=[], metavar="NAME=FOLDER", help="further rows: folders of images"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the pairs, the subsets and the diversity")
    parser.add_argument("--subsets", type=int, default=SUBSETS, help=f"of the kernel distance; default: {SUBSETS}")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path, help="write everything there, as JSON")
    given = list(sys.argv[1:]) if arguments is None else list(arguments)
    options = parser.parse_args(given)
    if any("=" not in each for each in options.images):
        parser.error('--images wants NAME=FOLDER, as in "LSGAN=runs/lsgan/seed0/images"')
    folders = dict(each.split("=", 1) for each in options.images)
    try:
        kept = make(
            options.run,
            options.data_root,
            inception=options.inception,
            folders=folders,
            seed=options.seed,
            device=options.device,
            subsets=options.subsets,
        )
    except (OSError, ValueError, ModuleNotFoundError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    if options.out:
        write_json(options.out, {"command": " ".join(["python -m dgnet_lite.evaluation.table2", *given])} | kept)
    with pd.option_context("display.width", 200, "display.max_columns", None):
        print(table(kept).T.to_string())


if __name__ == "__main__":
    main()
