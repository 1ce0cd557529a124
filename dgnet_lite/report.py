"""Write down what came out of a study: settings, numbers, table, and a summary that fits on a screen."""

from __future__ import annotations

import json
import platform
import textwrap
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from dgnet_lite import __version__
from dgnet_lite.config import SECTIONS, Config
from dgnet_lite.rows import ROWS, gains, table
from dgnet_lite.study import write_json
from dgnet_lite.training.checkpoint import write_whole
from dgnet_lite.training.precision import precision

Results = Mapping[int, dict[str, dict[str, Any]]]
"""Of each seed, what `Study.run` returned."""

PROTOCOLS = {
    "toymarket": "test identities of Toy Market, drawn; query and gallery in other cameras",
    "toymarket-few": "as Toy Market's, after a training on half as many identities",
    "market1501": "Market-1501's test protocol, single query",
    "market1501-val": "the paper's validation protocol on Market-1501 (Sec. 4.3): not comparable with test numbers",
    "msmt17": "MSMT17's test protocol, single query; list_train and list_val train",
}


def environment(device: str, config: Config | None = None) -> dict[str, str]:
    """What a result depends on besides its settings; with them, in which precision `device` computed too."""
    computed = {"precision": precision(device, config.optim.bfloat16)} if config else {}
    gpu = {"gpu": torch.cuda.get_device_name(device)} if device.startswith("cuda") else {}
    return {
        "dgnet_lite": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": version("torchvision"),
        "device": device,
        "threads": str(torch.get_num_threads()),
        **computed,
        **gpu,
    }


def write_results(folder: Path, config: Config, results: Results, *, device: str, command: str) -> str:
    """Write config.yaml, metrics.json, table.csv and summary.txt into `folder`; returns the summary.

    Each file is replaced as a whole. config.yaml holds the first seed's settings, readable by `Config.from_yaml`; what
    is no setting stands in its comments and, for programs, in metrics.json.
    """
    seeds, versions, seconds = list(results), environment(device, config), training_seconds(folder)
    notes = {"command": command, "seeds": ", ".join(map(str, seeds))} | versions
    header = "".join(f"# {name}: {value}\n" for name, value in notes.items())
    write_text(folder / "config.yaml", header + config.to_yaml())
    numbers = table(results.values())
    write_text(folder / "table.csv", numbers.round(4).to_csv(lineterminator="\n"))
    metrics = {
        "command": command,
        "environment": versions,
        "dataset": config.dataset,
        "recipe": config.recipe,
        "scale": config.scale,
        "seeds": {str(seed): results[seed] for seed in seeds},
        "table": json.loads(numbers.to_json(orient="index")),
        "gains": json.loads(gains(results.values()).to_json(orient="index")),
        "training_seconds": seconds,
    }
    write_json(folder / "metrics.json", metrics)
    text = summary(folder, config, results, device=device, seconds=seconds)
    write_text(folder / "summary.txt", text)
    return text


def write_text(path: Path, text: str) -> None:
    write_whole(path, lambda file: file.write(text.encode()))


def training_seconds(folder: Path) -> dict[str, float]:
    """Seconds of each training under `folder`, interrupted parts included, as in {"seed0/teacher": 31.2}."""
    found = sorted(folder.glob("seed*/*/time.json"))
    return {path.parent.relative_to(folder).as_posix(): json.loads(path.read_text())["seconds"] for path in found}


def summary(folder: Path, config: Config, results: Results, *, device: str, seconds: Mapping[str, float]) -> str:
    """At most 30 lines of plain text: what ran, the table, the swaps, the time, and where everything is."""
    numbers = table(results.values())
    seeds = ", ".join(map(str, results))
    lines = [
        f"DG-Net, {config.dataset}, scale {config.scale}, recipe {config.recipe}, seed {seeds}, on {device}",
        f"Protocol: {PROTOCOLS[config.dataset]}",
        "",
        f"{'':48s}{'Rank@1':>13s}{'mAP':>13s}",
    ]
    for row in numbers.itertuples(index=True):
        values = [_spread(mean, sd) for mean, sd in ((row[2], row[3]), (row[4], row[5]))]
        lines.append(f"{row[1]:48s}{values[0]:>13s}{values[1]:>13s}")
    lines += ["", *(line for text in findings(results) for line in textwrap.wrap(text, 100))]
    if config.scale == "smoke":
        lines.append("The smoke scale shows that everything runs. Its numbers mean nothing.")
    if seconds:
        each = pd.Series(seconds).groupby(lambda name: name.rpartition("/")[2]).sum().sort_values(ascending=False)
        parts = ", ".join(f"{name} {value:.0f} s" for name, value in each.items())
        lines += ["", f"Trained {each.sum() / 60:.1f} minutes in all: {parts}."]
    lines.append(f"In {folder}: {', '.join(_names(folder))}")
    return "\n".join(lines) + "\n"


def _names(folder: Path) -> list[str]:
    known = ["config.yaml", "metrics.json", "table.csv", "summary.txt"]
    pictures = sorted(path.name for path in folder.glob("*.png"))
    return known + pictures + [f"{path.name}/" for path in sorted(folder.glob("seed*"))]


def _spread(mean: float, sd: float) -> str:
    return f"{mean:.1f}" + ("" if np.isnan(sd) else f" ± {sd:.1f}")


def findings(results: Results) -> list[str]:
    """Sentences that state what the numbers say, and how far they carry; nothing is claimed that was not measured."""
    numbers, found = gains(results.values()), []
    for row in ("one_head", "two_heads"):
        if row in numbers.index:
            found.append(_gain_sentence(ROWS[row], numbers.loc[row]))
    if (mean := _mean(results, "swaps")) is not None:
        found.append(
            f"Inside the clothes a generated swap is off by {mean['clothes_l1']:.3f} of the grey range, "
            f"x_j unchanged by {mean['copy_clothes_l1']:.3f}: ratio {mean['clothes_l1_ratio']:.2f}. "
            f"Where the true swap changes the clothes visibly, the ratio is {mean['changed_l1_ratio']:.2f}."
        )
    if (mean := _mean(results, "labels")) is not None:
        found.append(
            f"Of a generated swap the teacher says 'person i' with probability {mean['generated_i']:.2f}, of the true "
            f"one {mean['true_i']:.2f}; 'person j' {mean['generated_j']:.2f} and {mean['true_j']:.2f}."
        )
    return found


def _mean(results: Results, part: str) -> pd.Series | None:
    """Mean over seeds of the numbers of one part, None where no seed has it."""
    found = pd.DataFrame([r[part] for r in results.values() if part in r])
    return found.mean() if len(found) else None


def _gain_sentence(control: str, line: pd.Series) -> str:
    gain, sd, seeds = line["mAP gain"], line["sd"], int(line["seeds"])
    start = f"f_prim with f_fine against '{control}': {gain:+.1f} mAP"
    if seeds == 1:
        return f"{start}. One seed: a gap of a point or two may be chance."
    if abs(gain) <= sd:
        return f"{start}, within the spread over {seeds} seeds ({sd:.1f}): no difference was shown."
    better = "better" if gain > 0 else "worse"
    return f"{start}, {better} by more than the spread over {seeds} seeds ({sd:.1f}); smallest {line['smallest']:+.1f}."


def describe_differences(config: Config, other: Config) -> str:
    """The settings of `config` that `other` has otherwise, section by section: `name value (other's value)`."""
    mine, theirs = config.to_dict(), other.to_dict()
    lines = []
    for section in SECTIONS:
        parts = [
            f"{name} {_plain(value)} ({_plain(theirs[section][name])})"
            for name, value in mine[section].items()
            if section != "run" and value != theirs[section][name]
        ]
        if parts:
            lines += textwrap.wrap(f"{section + ':':10s}{', '.join(parts)}", 110, subsequent_indent=" " * 10)
    return "\n".join(lines) or "no difference"


def _plain(value: Any) -> str:
    return {True: "yes", False: "no", None: "none"}[value] if isinstance(value, bool | None) else str(value)
