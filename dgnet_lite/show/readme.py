"""Make what the README shows from finished runs: pictures, numbers, tables.

    make toy                                         # runs/toy, three seeds, all controls
    python -m dgnet_lite.show.readme --toy runs/toy  # notebooks/results, notebooks/figures, the tables in README.md

Each table stands between `<!-- table:NAME -->` and `<!-- end -->`; a test writes it again from notebooks/results and
compares. `--market FOLDER` takes the numbers, and no picture, of a run on real images; `--ablation FILE`,
`--quality FILE` and `--levers FILE` those of the modules of these names, and `--speed FILE` those of
`python -m dgnet_lite.training.speed`.
`--flow` needs no run: it asks autograd who learns from which loss.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from dgnet_lite import levers, stored
from dgnet_lite.config import Config
from dgnet_lite.data.load import ReidData, load_data
from dgnet_lite.dgnet import DGNet
from dgnet_lite.presets import RECIPES
from dgnet_lite.report import PROTOCOLS, findings
from dgnet_lite.show import flow, grids
from dgnet_lite.show.gains import worlds
from dgnet_lite.show.style import save
from dgnet_lite.show.tables import gains_table, results_table, swap_table
from dgnet_lite.show.texts import (
    ablation_text,
    again_text,
    benchmarks_text,
    few_text,
    labels_text,
    levers_text,
    markdown,
    quality_text,
    recipes_text,
    speed_text,
)
from dgnet_lite.training.checkpoint import load, load_weights, write_whole
from dgnet_lite.training.flow import gradient_flow

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "python -m dgnet_lite.show.readme --toy runs/toy"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m dgnet_lite.show.readme", description="Renew the README's results.")
    parser.add_argument("--toy", type=Path, help="folder of a finished `make toy`")
    parser.add_argument("--market", type=Path, help="folder of a finished run on Market-1501")
    parser.add_argument("--ablation", type=Path, help="the ablation.json of `python -m dgnet_lite.ablation`")
    parser.add_argument("--quality", type=Path, help="the quality.json of `python -m dgnet_lite.quality`")
    parser.add_argument("--levers", type=Path, help="the levers.json of `python -m dgnet_lite.levers`")
    parser.add_argument("--speed", type=Path, help="a file of `python -m dgnet_lite.training.speed`")
    parser.add_argument("--data-root", type=Path, default=Path("data"), help="where Toy Market was drawn")
    parser.add_argument("--flow", action="store_true", help="draw who learns from which loss in both recipes")
    options = parser.parse_args(arguments)
    results, figures = ROOT / "notebooks" / "results", ROOT / "notebooks" / "figures"
    for folder in (results, figures):
        folder.mkdir(parents=True, exist_ok=True)
    sources = {
        "toy": options.toy and options.toy / "metrics.json",
        "market": options.market and options.market / "metrics.json",
        "ablation_toy": options.ablation,
        "quality": options.quality,
        "levers": options.levers,
        "step_h200": options.speed,
    }
    for name, source in sources.items():
        if source:
            shutil.copyfile(source, results / f"{name}.json")
    if options.toy:
        draw(options.toy, options.data_root, figures)
    if options.flow:
        flows = {recipe: gradient_flow(Config.preset(recipe)) for recipe in RECIPES}
        picture = flow.gradient_flow(flows)
        save(picture, figures / "gradient_flow.png", command="python -m dgnet_lite.show.readme --flow")
    if options.levers:
        title = "What swaps bring when one number changes; a mark a seed"
        picture = worlds(levers.by_world(levers.read(results / "levers.json")), title=title)
        command = "python -m dgnet_lite.show.readme --levers runs/levers/levers.json"
        save(picture, figures / "worlds.png", command=command)
    if options.quality:
        found = stored.read(results).by_label()
        picture = worlds(found, title="What swaps bring, by the label they are given; a mark a seed")
        command = "python -m dgnet_lite.show.readme --quality runs/quality/quality.json"
        save(picture, figures / "labels.png", command=command)
    readme = ROOT / "README.md"
    text = fill(readme.read_text(), results)
    write_whole(readme, lambda file: file.write(text.encode()))


def fill(readme: str, results: Path) -> str:
    """The README with each marked table made from its file in `results`; a table without its file stays as it is."""

    def block(match: re.Match[str]) -> str:
        file, write = WRITERS.get(match[1], (match[1], lambda path: table_text(json.loads(path.read_text()))))
        path = results / f"{file}.json"
        if not path.is_file():
            return match[0]
        text = write(path)
        return f"<!-- table:{match[1]} -->\n{text}\n<!-- end -->"

    return re.sub(r"<!-- table:(\w+) -->\n.*?<!-- end -->", block, readme, flags=re.DOTALL)


def table_text(metrics: dict[str, Any]) -> str:
    """Markdown: where the numbers come from, the table, the gains, the swaps, and the findings in words."""
    results = {int(seed): result for seed, result in metrics["seeds"].items()}
    versions, minutes = metrics["environment"], sum(metrics["training_seconds"].values()) / 60 / len(results)
    seeds = f"seeds {', '.join(map(str, results))}" if len(results) > 1 else f"seed {next(iter(results))}"
    setting = f"scale {metrics['scale']}, recipe {metrics['recipe']}, {seeds}, {versions['device']}"
    setting += f" {_machine(versions)}"
    lines = [
        f"`{metrics['command']}`: {setting}, {minutes:.0f} minutes of training a seed. "
        f"Protocol: {PROTOCOLS[metrics['dataset']]}. Percent, mean ± sd over seeds; AP by the trapezoid rule.",
        "",
        markdown(results_table(results.values())),
        "",
    ]
    if len(results) > 1:
        lines += [markdown(gains_table(results.values())), ""]
    swaps = [result["swaps"] for result in results.values() if "swaps" in result]
    if swaps:
        mean = {key: float(np.mean([s[key] for s in swaps])) for key in swaps[0]}
        lines += [markdown(swap_table(mean)), ""]
    return "\n".join([*lines, " ".join(findings(results))])


WRITERS: dict[str, tuple[str, Callable[[Path], str]]] = {
    "again": ("toy_earlier", again_text),
    "recipes": ("ablation_toy", recipes_text),
    "ablation": ("ablation_toy", ablation_text),
    "quality": ("quality", quality_text),
    "labels": ("quality", labels_text),
    "levers": ("levers", levers_text),
    "few": ("levers", few_text),
    "step_h200": ("step_h200", speed_text),
    "benchmarks": ("benchmarks", benchmarks_text),
}
"""Of the tables that are no run's of notebook 13: which file they are of, and who writes them."""


def _machine(versions: dict[str, str]) -> str:
    """Threads, precision (results of before it was noted have none), version."""
    noted = [f"torch threads: {versions['threads']}", versions.get("precision", "")]
    return f"({', '.join(filter(None, noted))}), torch {versions['torch']}"


def draw(run: Path, data_root: Path, figures: Path) -> None:
    """The pictures, from the first seed of a run on Toy Market."""
    config = Config.from_yaml(run / "config.yaml")
    data = load_data(config, data_root)
    model = load_dgnet(run / f"seed{config.seed}", config, data)
    swaps = grids.collect_swaps(model, data, (5, 8), seed=3)
    grid = grids.swap_grid(swaps.appearances, swaps.structures, swaps.generated, swaps.true)
    save(grid, figures / "grid.png", command=COMMAND)
    save(grids.contact_sheet(data, rows=5, columns=12), figures / "toymarket.png", command=COMMAND)
    frames = grids.collect_swaps(model, data, (10, 6), seed=5)
    gif = moving_picture(frames)
    write_whole(figures / "swaps.gif", lambda file: file.write(gif))


def load_dgnet(folder: Path, config: Config, data: ReidData) -> DGNet:
    """The DG-Net that a `Study` trained in `folder`."""
    path = folder / "dgnet" / "last.pt"
    model = DGNet(config.networks, data.num_ids)
    load_weights(model, load(path)["task"]["model"], path)
    return model.eval()


def moving_picture(swaps: grids.Swaps, zoom: int = 2, milliseconds: int = 1100) -> bytes:
    """A GIF: the people stay, their clothes change. Rows: x_j, the swap, the true swap; at the left whose clothes."""
    font = ImageFont.load_default(size=15)
    frames = []
    for clothes, generated, true in zip(swaps.appearances, swaps.generated, swaps.true, strict=True):
        tiles = [[None, *swaps.structures], [clothes, *generated], [None, *true]]
        canvas = grids.montage(tiles, row_gaps=(6, 2, 0), column_gaps=(8, *[1] * len(swaps.structures)))
        image = Image.fromarray(canvas).resize(
            (zoom * canvas.shape[1], zoom * canvas.shape[0]), Image.Resampling.NEAREST
        )
        frame = Image.new("RGB", (image.width + 150, image.height + 8), "white")
        frame.paste(image, (142, 4))
        tile = zoom * swaps.structures.shape[1]
        for row, text in enumerate(("body, pose, place", "generated with\nthese clothes", "true picture")):
            y = 4 + row * (tile + 2 * zoom) + (2 * zoom if row else 0) + tile // 2
            ImageDraw.Draw(frame).multiline_text((132, y), text, fill="#222222", font=font, anchor="rm", align="right")
        frames.append(frame.quantize(200, dither=Image.Dither.NONE))
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=milliseconds, loop=0, optimize=True)
    return file.getvalue()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
