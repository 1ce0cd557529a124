"""What was trained for lesson 14 and kept in notebooks/results, read where it is there; what is not stays empty.

`toy.json` is written by `make toy`, `ablation_toy.json` by `python -m dgnet_lite.ablation`, `offline_toy.json` by the
same with `--rows full --controls offline`, `quality.json` and `levers.json` by the modules of these names. They hold
numbers of every seed, and what they were made with.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dgnet_lite import levers, quality, variants

STAGES = {
    "copy": "copy of $x_j$",
    "generated": "generated",
    "blend_25": "1/4",
    "blend_50": "1/2",
    "blend_75": "3/4",
    "true": "true swap",
}
"""Conditions of `quality` from the copy to the truth, with labels."""

LABELS_IN_WORDS = {
    "soft": "soft: what the teacher says, eq. (8)",
    "two_label": "two_label: what it says of i and j alone",
    "pseudo": "pseudo: its first choice",
    "one_hot": "one_hot: i, who gave the clothes",
    "lsro": "lsro: everybody alike",
}
"""Label styles of lesson 08, in words."""

Scores = dict[str, dict[int, dict[str, Any]]]
"""By name and seed, what was measured."""


class Stored(NamedTuple):
    """Table 3 with its controls, the ablation, the searches for when swaps help, and a line on each file."""

    full: dict[int, dict[str, dict[str, Any]]]
    """By seed, what `Study.run` returned: the rows of Table 3, the controls, the oracle."""
    ablation: Scores
    """As `variants.read`: "full" and what changes one part of it, on whatever machine; empty without its file."""
    quality: Scores
    """As `quality.read`; empty without its file."""
    notes: list[str]
    earlier: dict[int, dict[str, dict[str, Any]]]
    """As `full`, by the same command on another machine; empty without its file, toy_earlier.json."""
    levers: Scores
    """As `levers.read`: other worlds of Toy Market; empty without its file."""
    offline: dict[int, dict[str, dict[str, Any]]]
    """By seed, trainings that have "both" and "offline" side by side, of one machine each."""

    def error(self, condition: str) -> float:
        """Mean error inside the clothes of a condition's swaps, over that of the copy: 1 of copies, 0 of true ones."""
        return float(np.mean([r["pictures"]["clothes_l1_ratio"] for r in self.quality[condition].values()]))

    def mAP(self, condition: str, people: str) -> dict[int, float]:
        """By seed, percent, of the people "both" (all), "validation" or "test"; empty where it was not run."""
        return {seed: 100 * r[people]["mAP"] for seed, r in self.quality.get(condition, {}).items()}

    def by_label(self) -> dict[str, dict[str, dict[int, float]]]:
        """`quality.by_label`, with its styles in words, for `show.gains.worlds`."""
        return {LABELS_IN_WORDS[style]: found for style, found in quality.by_label(self.quality).items()}


def read(folder: Path) -> Stored:
    """What is stored in a folder.

    Raises FileNotFoundError: toy.json is not there.
    """
    path = folder / "toy.json"
    if not path.is_file():
        raise FileNotFoundError(f"no toy.json in {folder}: git brings it; to train it anew: make toy")
    full = {int(seed): r for seed, r in json.loads(path.read_text())["seeds"].items()}
    found, notes = {}, [_line(path, {"every row of Table 3": full})]
    earlier: dict[int, dict[str, dict[str, Any]]] = {}
    path = folder / "toy_earlier.json"
    if path.is_file():
        earlier = {int(seed): r for seed, r in json.loads(path.read_text())["seeds"].items()}
        notes.append(_line(path, {"the same on another machine": earlier}))
    for module, name in ((variants, "ablation_toy"), (quality, "quality"), (levers, "levers")):
        path = folder / f"{name}.json"
        if path.is_file():
            found[name] = module.read(path)
            notes.append(_line(path, found[name]))
        else:
            found[name] = {}
            command = f"python -m dgnet_lite.{name.partition('_')[0]}"
            notes.append(f"{path.name} is not there ({command}): its trainings are not shown")
    beside = dict(found["ablation_toy"].get("full", {}))
    path = folder / "offline_toy.json"
    if path.is_file():
        more = variants.read(path)
        beside |= more["full"]
        notes.append(_line(path, more))
    offline = {seed: r for seed, r in sorted(beside.items()) if "offline" in r}
    return Stored(full, found["ablation_toy"], found["quality"], notes, earlier, found["levers"], offline)


def _line(path: Path, found: Scores) -> str:
    kept = json.loads(path.read_text())
    devices = {device for each in (kept, *kept.get("variants", {}).values()) for device in each.get("devices", ())}
    where = " and ".join(sorted(devices)) or kept["environment"]["device"]
    steps = f", {kept['steps']:,} steps each" if "steps" in kept else ""
    names = ", ".join(f"{name} ({' '.join(map(str, seeds))})" for name, seeds in found.items())
    return f"{path.name}, on {where}{steps}; in brackets the seeds: {names}"
