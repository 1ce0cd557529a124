"""Stored results as Markdown for the README: what a step costs, what each ablation changes, when swaps help."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dgnet_lite import ablation, levers, quality, variants
from dgnet_lite.show.tables import gains_table, results_table, spread
from dgnet_lite.stored import LABELS_IN_WORDS
from dgnet_lite.training import speed


def markdown(table: pd.DataFrame) -> str:
    """A DataFrame as a Markdown table, its index first."""
    head = [table.index.name or "", *table.columns]
    rows = [[index, *values] for index, values in zip(table.index, table.to_numpy().tolist(), strict=True)]
    return "\n".join("| " + " | ".join(map(str, r)) + " |" for r in [head, ["---"] * len(head), *rows])


def speed_text(path: Path) -> str:
    """From a file of `python -m dgnet_lite.training.speed`."""
    m: dict[str, Any] = json.loads(path.read_text())
    numbers = speed.table(m)
    device, torch = m["environment"].get("gpu", m["environment"]["device"]), m["environment"]["torch"]
    shown = pd.DataFrame(
        {
            "before the warm-up ends (ms)": [f"{v:.0f}" for v in numbers["ms before"]],
            "after (ms)": [f"{v:.0f}" for v in numbers["ms after"]],
            "after, over float32": [f"{v:.2f}" for v in numbers["ratio"]],
            "TFLOP/s": [f"{v:.0f}" for v in numbers["TFLOP/s"]],
            "memory (GiB)": [f"{v:.0f}" for v in numbers["GiB"]],
        },
        index=pd.Index(numbers.index, name=f"a step at full size, {device}"),
    )
    parts = sorted(m["split"]["after"].items(), key=lambda part: -part[1])
    where = ", ".join(f"{name} {share:.0%}" for name, share in parts if share >= 0.01)
    half = m["batch_size"] // 2
    return "\n".join(
        [
            f"`python -m dgnet_lite.training.speed --scale {m['scale']} --device {m['environment']['device']}`: "
            f"recipe {m['recipe']}, batch {half} + {half} with as many positives, torch {torch}, "
            f"median of {m['repeats']} steps.",
            "",
            markdown(shown),
            "",
            f"Where the device's time goes, after the warm-up: {where}.",
        ]
    )


def benchmarks_text(path: Path) -> str:
    """From a file of tests/benchmarks/test_speed.py: each contest's times and their ratios to its first line."""
    contests: dict[str, Any] = json.loads(path.read_text())
    lines = []
    for title, m in contests.items():
        first = next(iter(m["seconds"].values()))
        for number, (name, seconds) in enumerate(m["seconds"].items()):
            aim, ratio = m["aims"].get(name, ""), f"{seconds / first:.2f}"
            lines.append(("" if number else f"**{title}**", name, f"{seconds:.3g}", ratio, aim))
    columns = ("", "in one run, side by side", "seconds", "over the first", "aim: at most")
    machines = dict.fromkeys(
        f"{m['environment'].get('gpu', m['cpu'])}, torch {m['environment']['torch']}, threads "
        f"{m['environment']['threads']}"
        for m in contests.values()
    )
    shares = [(title, m["split"]["data"]) for title, m in contests.items() if "split" in m]
    memory = [(title, m["memory_gb"]) for title, m in contests.items() if "memory_gb" in m]
    return "\n".join(
        [
            "`DGNET_BENCHMARKS=notebooks/results/benchmarks.json python -m pytest tests/benchmarks/test_speed.py "
            f"-m benchmarks -s`: {'; '.join(machines)}; best of each.",
            "",
            markdown(pd.DataFrame(lines, columns=columns).set_index("")),
            "",
            *[f"Of {title}, data takes {share:.1%} of the time (aim: under 3%)." for title, share in shares],
            *[f"Retrieval holds {gb:.2f} GB beside the features (aim: 1 GB)." for _, gb in memory],
        ]
    )


GAPS = {
    "f_prim, f_fine over one head, as many steps": ("both", "one_head"),
    "f_prim, f_fine over two heads, no generated images": ("both", "two_heads"),
    "true swaps over two heads, no generated images": ("oracle", "two_heads"),
}


def again_text(path: Path) -> str:
    """From toy_earlier.json and the toy.json beside it, which are of one command: what each machine gained, by seed."""
    names = {"the table above": path.with_name("toy.json"), "another machine, earlier": path}
    runs = {name: {int(s): r for s, r in json.loads(p.read_text())["seeds"].items()} for name, p in names.items()}
    seeds = sorted({seed for results in runs.values() for seed in results})
    lines: dict[tuple[str, str], list[str]] = {}
    for gap, (new, old) in GAPS.items():
        every: list[float] = []
        for name, results in runs.items():
            gains = {s: 100 * (r[new]["mAP"] - r[old]["mAP"]) for s, r in results.items() if {new, old} <= set(r)}
            every += gains.values()
            shown = [f"{gains[s]:+.1f}" if s in gains else "" for s in seeds]
            lines[gap, name] = [*shown, _spread_of(list(gains.values()))]
        lines[gap, f"all {len(every)} runs"] = [*[""] * len(seeds), _spread_of(every)]
    table = pd.DataFrame.from_dict(
        {k: [machine, *cells] for k, ((_, machine), cells) in enumerate(lines.items())},
        orient="index",
        columns=["by", *[f"seed {s}" for s in seeds], "mean ± sd"],
    )
    table.index = pd.Index([gap if k % (len(runs) + 1) == 0 else "" for k, (gap, _) in enumerate(lines)], name="gain")
    return f"mAP gained, in points, seed by seed, by one command on two machines (CPU).\n\n{markdown(table)}"


def _spread_of(values: list[float]) -> str:
    return spread(float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else float("nan"), sign="+")


RECIPES = ("full", "paper", *ablation.ANSWERS)
"""Rows of the ablation that compare both recipes; the others change a part of the method."""


def recipes_text(path: Path) -> str:
    """From a file of `python -m dgnet_lite.ablation`: both recipes, and the release with one answer of the paper."""
    return _rows_text(path, [name for name in variants.read(path) if name in RECIPES])


def ablation_text(path: Path) -> str:
    """From a file of `python -m dgnet_lite.ablation`: `full`, and the rows that change one part of the method."""
    return _rows_text(path, [name for name in variants.read(path) if name == "full" or name not in RECIPES])


def _rows_text(path: Path, names: list[str]) -> str:
    m, results = json.loads(path.read_text()), variants.read(path)
    numbers = variants.compare({name: results[name] for name in names})
    columns = {
        "Rank@1": ("Rank@1", "", ".1f"),
        "mAP": ("mAP", "", ".1f"),
        "mAP over `full`": ("over base", "+", ".1f"),
        "one head, as many steps: mAP": ("baseline", "", ".1f"),
        "f_fine alone: mAP": ("f_fine", "", ".1f"),
        "clothes' error over copy's": ("clothes", "", ".2f"),
        "PSNR (dB)": ("PSNR", "", ".1f"),
        "teacher's q(i) of a swap": ("sure", "", ".2f"),
    }
    shown = pd.DataFrame(index=pd.Index([f"`{n}`: {ablation.ABLATIONS[n].what}" for n in numbers.index], name="row"))
    for title, (column, sign, form) in columns.items():
        pairs = zip(numbers[column], numbers[f"{column} sd"], strict=True)
        shown[title] = ["" if np.isnan(mean) else spread(mean, sd, sign=sign, form=form) for mean, sd in pairs]
    shown["seeds"] = [" ".join(map(str, results[n])) for n in numbers.index]
    shown["on"] = [" and ".join(m["variants"][n]["devices"]) for n in numbers.index]
    by_seeds: dict[str, list[str]] = {}
    for name in names:
        by_seeds.setdefault(" ".join(map(str, results[name])), []).append(name)
    commands = [
        f"`python -m dgnet_lite.ablation --profile {m['scale']} --rows {' '.join(rows)} --seeds {seeds}`"
        for seeds, rows in by_seeds.items()
    ]
    return "\n".join(
        [
            f"{', '.join(commands)}: f_prim with f_fine; percent, mean ± sd over seeds, gaps seed by seed.",
            "",
            markdown(shown),
        ]
    )


def levers_text(path: Path) -> str:
    """From a file of `python -m dgnet_lite.levers`: what swaps, true or made, and recolouring bring in each world."""
    m, results = json.loads(path.read_text()), levers.read(path)
    numbers = levers.compare(results).sort_values("true swaps", ascending=False)

    def gain(name: str, row: str) -> str:
        called, count = levers.GAINS[row], len(levers.gains(results[name], row))
        if not count:
            return ""
        told = spread(*numbers.loc[name, [called, f"{called} sd"]], sign="+")
        return told if count == len(results[name]) else f"{told} (of {count})"

    shown = pd.DataFrame(
        {"two heads, no swaps: mAP": [f"{v:.1f}" for v in numbers["two_heads"]]}
        | {f"{called} over that": [gain(name, row) for name in numbers.index] for row, called in levers.GAINS.items()}
        | {"seeds": [" ".join(map(str, results[name])) for name in numbers.index]},
        index=pd.Index([levers.WORLDS[name].what for name in numbers.index], name="world"),
    )
    return "\n".join(
        [
            f"{', '.join(_levers_commands(m))}; the world of the lessons as in the first table. Scale {m['scale']}, on "
            f"{' and '.join(m['devices'])}. mAP of both features, percent, mean ± sd over seeds.",
            "",
            markdown(shown),
        ]
    )


def _levers_commands(made: dict[str, Any]) -> list[str]:
    """One for the worlds that share their seeds."""
    names: dict[str, list[str]] = {}
    for name, each in made["worlds"].items():
        learned = all("both" in rows for rows in each["seeds"].values())
        if name != "base":
            names.setdefault(f"--seeds {' '.join(each['seeds'])}{' --learned' * learned}", []).append(name)
    return [f"`python -m dgnet_lite.levers {' '.join(worlds)} {options}`" for options, worlds in names.items()]


def few_text(path: Path) -> str:
    """From the same file: the rows of Table 3 in the world of few people, with every control and the gains over it."""
    m, results = json.loads(path.read_text()), levers.read(path)["few_people"]
    rows = results_table(results.values())
    return "\n".join(
        [
            f"`python -m dgnet_lite.levers few_people --seeds {' '.join(map(str, results))} --learned`: scale "
            f"{m['scale']} with {levers.WORLDS['few_people'].what} to train on, {' and '.join(m['devices'])}. "
            "Percent, mean ± sd over seeds.",
            "",
            markdown(rows.drop(columns=[name for name in rows if name.startswith("paper")])),
            "",
            markdown(gains_table(results.values())),
        ]
    )


def quality_text(path: Path) -> str:
    """From a file of `python -m dgnet_lite.quality`: what E_a gains from stored swaps of graded quality, and alpha."""
    results = quality.read(path)
    numbers = quality.compare(results)
    numbers = numbers[[name not in quality.GROUPS["labels"] for name in numbers.index]]
    shown = pd.DataFrame(
        {
            "clothes' error over copy's": ["" if np.isnan(v) else f"{v:.2f}" for v in numbers["clothes"]],
            "teacher's q(i), q(j)": [
                "" if np.isnan(i) else f"{i:.2f}, {j:.2f}" for i, j in zip(numbers["i"], numbers["j"], strict=True)
            ],
            "mAP": [f"{v:.1f}" for v in numbers["mAP"]],
            "over two heads": [
                "" if name == "two_heads" else spread(gain, sd, sign="+")
                for name, gain, sd in zip(numbers.index, numbers["gain"], numbers["gain sd"], strict=True)
            ],
            "seeds": [" ".join(map(str, results[name])) for name in numbers.index],
        },
        index=pd.Index([quality.CONDITIONS[name].what for name in numbers.index], name="E_a trained with"),
    )
    return f"{_of_quality(path, 'quality alpha')}\n\n{markdown(shown)}"


def labels_text(path: Path) -> str:
    """From the same: what E_a gains from true and from generated swaps when they are labelled in other ways."""
    results = quality.read(path)
    numbers, found = quality.compare(results), quality.by_label(results)
    lines = {
        LABELS_IN_WORDS[style]: {
            f"{kind}, over two heads": spread(*numbers.loc[name, ["gain", "gain sd"]], sign="+")
            for kind, name in quality.LABELLED[style].items()
        }
        | {"seeds": " ".join(map(str, gains["true swaps"]))}
        for style, gains in found.items()
    }
    shown = pd.DataFrame.from_dict(lines, orient="index").rename_axis("label of a swap")
    return f"{_of_quality(path, 'quality labels')}\n\n{markdown(shown)}"


def _of_quality(path: Path, groups: str) -> str:
    m = json.loads(path.read_text())
    return (
        f"`python -m dgnet_lite.quality --groups {groups} --steps {m['steps']} --seeds 0 1 2`: from the same teacher, "
        f"as many steps for each, on {' and '.join(m['devices'])}. mAP of f_prim with f_fine, percent, mean ± sd over "
        "seeds."
    )
