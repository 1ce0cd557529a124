"""Look a re-identification data set over: what is in it, what is broken, and what is not as published."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from dgnet_lite.data import drawing, folders, msmt17
from dgnet_lite.data.published import Published, differences, published, recognise
from dgnet_lite.data.reid import DISTRACTOR, GALLERY, JUNK, QUERY, TRAIN, Split, list_folder
from dgnet_lite.progress import progress as progress_bar

SHOWN = 5  # names of a kind, before "..."
_MARKET_FOLDERS = {"train": TRAIN, "query": QUERY, "gallery": GALLERY}


@dataclass(frozen=True, eq=False)
class Part:
    """The images of "train", "query" or "gallery", junk included."""

    where: str  # "bounding_box_train/", or the lists
    images: Split
    faults: tuple[str, ...] = ()  # unknown names, missing files


@dataclass(frozen=True, eq=False)
class Report:
    """What `inspect` found. `problems` is empty when all is well."""

    root: Path
    expected: Published | None  # None: not recognised, or not to be compared
    parts: dict[str, Part]
    sizes: np.ndarray | None  # (N, 2) int, height and width of each image that can be decoded; None: none was opened
    file_bytes: int
    problems: tuple[str, ...]


def inspect(
    root: str | Path,
    *,
    expect: str | None = "recognised",
    decode: bool = True,
    workers: int | None = None,
    progress: bool = True,
) -> Report:
    """Look over a data set in Market-1501's layout (DukeMTMC-reID, Toy Market) or in MSMT17's.

    Args:
        root: its folder.
        expect: whose published counts must hold: a key of `published.PUBLISHED`, or the data set that is recognised, or
            None for no comparison.
        decode: open every image to its last row.
        workers: processes; None takes one per CPU where there is enough to do.
        progress: show a bar.

    Raises FileNotFoundError, NotADirectoryError: there is no such folder, or no data set in it.
    """
    root = folders.existing(root, "the data set")
    parts = scan(root)
    images = {name: part.images for name, part in parts.items()}
    recognised = recognise(root, images)
    name = recognised if expect == "recognised" else expect
    expected = published(name, root) if name else None
    problems = [fault for part in parts.values() for fault in part.faults]
    if expected:
        if recognised not in (None, name):
            problems.append(f"it looks like {published(recognised, root).title}, not like {expected.title}")
        problems += differences(expected, images, {name: part.where for name, part in parts.items()})
    paths = [path for split in images.values() for path in split.paths]
    sizes, file_bytes = None, 0
    if decode:
        looks = _look_at(paths, workers, progress)
        broken = [f"{p.relative_to(root)} ({k})" for p, k in zip(paths, looks, strict=True) if isinstance(k, str)]
        problems += _named("broken images", broken)
        whole = [look for look in looks if not isinstance(look, str)]
        sizes = np.array([look[:2] for look in whole], dtype=np.int64).reshape(-1, 2)
        file_bytes = sum(look[2] for look in whole)
    return Report(root, expected, parts, sizes, file_bytes, tuple(problems))


def insist(archive: Path, root: Path, *, expect: str, **options: Any) -> Report:
    """`inspect` what was unpacked from `archive`; ValueError when it is not as published, with all that is off."""
    report = inspect(root, expect=expect, **options)
    if report.problems and report.expected:
        listed = "\n".join(f"  - {problem}" for problem in report.problems)
        raise ValueError(
            f"{archive} is not {report.expected.title} as published, so it was not unpacked:\n{listed}\nTake the "
            "archive of its authors. To use this one all the same, unpack it by hand and look it over with "
            "data_scripts/check_dataset.py --expect none"
        )
    return report


def scan(root: Path) -> dict[str, Part]:
    """The parts of the data set in `root`. No image is opened; whatever is wrong is in `Part.faults`."""
    if any((root / name).is_file() for name in msmt17.LIST_NAMES):
        return _scan_msmt17(root)
    parts = {}
    for part, folder in _MARKET_FOLDERS.items():
        if not (root / folder).is_dir():
            continue
        images, strangers = list_folder(root / folder)
        faults = _named(f"{folder}/: not named like an image of the data set", strangers)
        if part != "gallery":
            nobody = [path.name for path in images.where(images.ids <= DISTRACTOR).paths]
            faults += _named(f"{folder}/: distractor or junk, which belongs in {GALLERY}/", nobody)
        parts[part] = Part(f"{folder}/", images, tuple(faults))
    if not parts:
        layout = (
            f"Market-1501's layout has {', '.join(_MARKET_FOLDERS.values())}, MSMT17's {', '.join(msmt17.LIST_NAMES)}"
        )
        raise FileNotFoundError(f"no data set in {root}. {folders.what_to_do_instead(root, TRAIN, layout)}")
    absent = [f"{folder}/ is missing" for part, folder in _MARKET_FOLDERS.items() if part not in parts]
    first = next(iter(parts))
    return parts | {first: replace(parts[first], faults=(*parts[first].faults, *absent))}


def _scan_msmt17(root: Path) -> dict[str, Part]:
    lists = msmt17.read_lists(root)
    listed = {path for images, _, _ in lists.values() for path in images.paths}
    parts = {}
    for part, (images, wrong, missing) in lists.items():
        where = " + ".join(msmt17.LISTS[part])
        faults = _named(f"{where}: line that is not a path and an identity", wrong)
        faults += _named(f"{where}: listed, but not there", missing)
        parts[part] = Part(where, images, tuple(faults))
    for part, half in zip(("train", "gallery"), msmt17.folders_of_images(root), strict=True):
        strangers = sorted(name for name in msmt17.files_below(half) if half / name not in listed)
        faults = (*parts[part].faults, *_named(f"{half.name}/: in no list", strangers))
        parts[part] = replace(parts[part], faults=faults)
    return parts


def _named(what: str, names: list[str]) -> list[str]:
    """No sentence or one, with the first few names."""
    if not names:
        return []
    return [f"{what}: {', '.join(names[:SHOWN])}{', ...' * (len(names) > SHOWN)} ({len(names):,})"]


def _look_at(paths: list[Path], workers: int | None, progress: bool) -> list[tuple[int, int, int] | str]:
    """`look_at_each` of all, in order, in several processes."""
    jobs = drawing.in_chunks(paths)
    results: dict[int, list[tuple[int, int, int] | str]] = {}
    with progress_bar(total=len(paths), show=progress, desc="decoding", unit="image") as bar:
        for number, looks in drawing.run(look_at_each, jobs, workers):
            results[number] = looks
            bar.update(len(looks))
    return [look for number in range(len(jobs)) for look in results[number]]


def look_at_each(paths: list[Path]) -> list[tuple[int, int, int] | str]:
    """Decode images to their last row: (height, width, bytes of the file) of each, or what is wrong with it."""
    looks: list[tuple[int, int, int] | str] = []
    for path in paths:
        size = path.stat().st_size
        try:
            with Image.open(path) as file:
                file.load()
                looks.append((file.height, file.width, size))
        except UnidentifiedImageError:
            looks.append("no image" if size else "empty")
        except Exception as error:  # on bad bytes Pillow's decoders raise OSError, SyntaxError, struct.error and more
            looks.append(str(error))
    return looks


def as_text(report: Report) -> str:
    """The report as a page for a terminal."""
    title = report.expected.title if report.expected else "A data set"
    rows = [("", "images", "ids", "cameras", "images of an id", "of an id in a camera")]
    rows += [_row(part) for part in report.parts.values()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [f"{title} in {report.root}", ""]
    for name, *cells in rows:
        row = [name.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))]
        lines.append("  ".join(row))
    lines += ["(images of an id: fewest / median / most)", "", "images by camera"]
    for part in report.parts.values():
        cameras, counts = np.unique(part.images.cameras, return_counts=True)
        by_camera = "  ".join(f"{camera}: {count:,}" for camera, count in zip(cameras, counts, strict=True))
        lines.append(f"  {part.where.ljust(widths[0])}  {by_camera}")
    if "gallery" in report.parts:
        ids = report.parts["gallery"].images.ids
        lines += [
            "",
            f"gallery: {(ids > DISTRACTOR).sum():,} images of a person asked for, {(ids == DISTRACTOR).sum():,} ",
        ]
        lines[-1] += f"distractors (0000, always a wrong answer), {(ids == JUNK).sum():,} junk (-1, taken out)"
    lines += ["", _sizes(report)]
    if report.expected and report.expected.note:
        lines.append(report.expected.note)
    if report.problems:
        lines += ["", f"{len(report.problems)} problem{'s' * (len(report.problems) > 1)}:"]
        lines += [f"  - {problem}" for problem in report.problems]
    else:
        lines += [
            "",
            "No problem: the counts are as published." if report.expected else "No problem; counts not compared.",
        ]
    return "\n".join(lines)


def _row(part: Part) -> tuple[str, ...]:
    persons = part.images.where(part.images.ids > DISTRACTOR)
    ids, of_id = np.unique(persons.ids, return_counts=True)
    _, of_both = np.unique(np.stack([persons.ids, persons.cameras]), axis=1, return_counts=True)
    cameras = np.unique(part.images.cameras)
    return (part.where, f"{len(part.images):,}", f"{len(ids):,}", str(len(cameras)), _spread(of_id), _spread(of_both))


def _spread(counts: np.ndarray) -> str:
    return f"{counts.min()} / {np.median(counts):g} / {counts.max()}" if len(counts) else "-"


def _sizes(report: Report) -> str:
    if report.sizes is None:
        return "sizes: not looked at, no image was opened"
    if not len(report.sizes):
        return "sizes: no image can be opened"
    each, total = report.file_bytes / len(report.sizes) / 1e3, report.file_bytes / 1e6
    files = f"{len(report.sizes):,} images decoded, {total:,.1f} MB, {each:,.1f} kB each"
    low, middle, high = report.sizes.min(0), np.median(report.sizes, 0), report.sizes.max(0)
    if (low == high).all():
        return f"sizes: all {low[0]} x {low[1]} (height x width); {files}"
    spread = [f"{low[k]} / {middle[k]:g} / {high[k]}" for k in range(2)]
    return f"sizes: heights {spread[0]}, widths {spread[1]} (least / median / most); {files}"
