"""What the authors of the data sets say is in them, and which of them a folder looks like."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dgnet_lite.data.marketplan import Spec
from dgnet_lite.data.msmt17 import LIST_NAMES
from dgnet_lite.data.reid import DISTRACTOR, JUNK, Split


@dataclass(frozen=True)
class Published:
    """Counts by part: "train", "query", "gallery". Identities are those of real persons, without 0000 and -1."""

    title: str
    images: Mapping[str, int]
    ids: Mapping[str, int]
    cameras: int
    not_persons: Mapping[int, int] = field(default_factory=lambda: {DISTRACTOR: 0, JUNK: 0})
    note: str = ""


def _counts(train: int, query: int, gallery: int) -> dict[str, int]:
    return {"train": train, "query": query, "gallery": gallery}


PUBLISHED = {
    "market1501": Published(
        title="Market-1501",
        images=_counts(12_936, 3_368, 19_732),
        ids=_counts(751, 750, 750),
        cameras=6,
        not_persons={DISTRACTOR: 2_798, JUNK: 3_819},
    ),
    "dukemtmc-reid": Published(
        title="DukeMTMC-reID",
        images=_counts(16_522, 2_228, 17_661),
        ids=_counts(702, 702, 1_110),
        cameras=8,
        note="Its authors withdrew DukeMTMC in 2019: people on a campus had been filmed without their consent. Its "
        "layout is read here; nothing here fetches it.",
    ),
    "msmt17": Published(
        title="MSMT17",
        images=_counts(32_621, 11_659, 82_161),
        ids=_counts(1_041, 3_060, 3_060),
        cameras=15,
    ),
}


def recognise(root: Path, images: Mapping[str, Split]) -> str | None:
    """A key of `PUBLISHED`, "toymarket", or None: told by the files that stand in `root` and by the images' names."""
    if (root / "toymarket.json").is_file():
        return "toymarket"
    if any((root / name).is_file() for name in LIST_NAMES):
        return "msmt17"
    names = [path.name for split in images.values() for path in split.paths]
    for name, pattern in (
        ("market1501", r"(-1|\d{4})_c\ds\d_\d{6}_\d\d\.jpg"),
        ("dukemtmc-reid", r"\d{4}_c\d_f\d{7}\.jpg"),
    ):
        if names and all(re.fullmatch(pattern, each) for each in names):
            return name
    return None


def published(name: str, root: Path) -> Published:
    """The counts of a data set; those of a Toy Market are in its folder."""
    if name != "toymarket":
        return PUBLISHED[name]
    spec = Spec(**json.loads((root / "toymarket.json").read_text(encoding="utf-8"))["spec"])
    counts = spec.counts
    return Published(
        title="Toy Market",
        images=_counts(counts["train"], counts["query"], counts["gallery"] + spec.distractors + spec.junk),
        ids=_counts(spec.train_ids, spec.test_ids, spec.test_ids),
        cameras=spec.cameras,
        not_persons={DISTRACTOR: spec.distractors, JUNK: spec.junk},
    )


def differences(expected: Published, images: Mapping[str, Split], folders: Mapping[str, str]) -> list[str]:
    """One sentence for each count that is not as published. `folders` says where a part lies, in words."""
    found = []
    for part, split in images.items():
        persons = {int(i) for i in split.ids if i > DISTRACTOR}
        found += _off(f"{folders[part]}: images", len(split), expected.images[part])
        found += _off(f"{folders[part]}: identities", len(persons), expected.ids[part])
    for number, what in ((DISTRACTOR, "distractors (0000)"), (JUNK, "junk images (-1)")):
        if "gallery" in images:
            count = int((images["gallery"].ids == number).sum())
            found += _off(f"{folders['gallery']}: {what}", count, expected.not_persons[number])
    cameras = len({int(camera) for split in images.values() for camera in split.cameras})
    return found + _off("cameras", cameras, expected.cameras)


def _off(what: str, count: int, expected: int) -> list[str]:
    if count == expected:
        return []
    off = f"{expected - count:,} missing" if count < expected else f"{count - expected:,} too many"
    return [f"{what}: {count:,}, published {expected:,} ({off})"]
