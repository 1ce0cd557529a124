"""Market-1501's protocol, drawn on one ranking: what is removed, what is right, what is wrong, which ranks count."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from dgnet_lite.data.reid import DISTRACTOR, JUNK
from dgnet_lite.show.grids import WIDE, fit_tiles, montage, places
from dgnet_lite.show.style import BLUE, FAINT, FONT_SIZE, INK, ORANGE, VERMILION, Picture, image_figure, styled

CHECK, CROSS = "\N{CHECK MARK}", "\N{MULTIPLICATION X}"
GAP, CAPTION = 12, 40
"""Pixels between two tiles, and beneath a row of them for two lines of text."""

MARKS: dict[str, tuple[str, str, object]] = {
    "match": (CHECK, BLUE, "solid"),
    "wrong": (CROSS, VERMILION, (0, (2, 1))),
    "distractor": (CROSS, ORANGE, (0, (1, 1))),
    "same camera": ("", FAINT, "solid"),
    "junk": ("", FAINT, "solid"),
}
"""Symbol, colour and line of each kind. The two kinds without a symbol are removed: faded and struck through."""

REMOVED = ("same camera", "junk")


def kinds(query_id: int, query_camera: int, ids: np.ndarray, cameras: np.ndarray) -> np.ndarray:
    """What each gallery image is to a query: (N,) of the keys of `MARKS`.

    Args:
        ids, cameras: (N,) as in the file names; 0 is a distractor, -1 is junk.
    """
    same_id, same_camera = np.asarray(ids) == query_id, np.asarray(cameras) == query_camera
    conditions = [np.asarray(ids) == JUNK, same_id & same_camera, same_id, np.asarray(ids) == DISTRACTOR]
    return np.select(conditions, ["junk", "same camera", "match", "distractor"], "wrong")


@styled
def judged_ranking(
    query: np.ndarray,
    images: np.ndarray,
    kind: Sequence[str],
    cameras: Sequence[int] | None = None,
    *,
    query_camera: int | None = None,
    title: str = "One ranking, judged by the protocol",
    columns: int = 10,
) -> Picture:
    """A query and the gallery images that a ranker put first, best first, each with what the protocol makes of it.

    Args:
        query: uint8 (H, W, 3).
        images: uint8 (N, H, W, 3), in the order of the ranking, with those that the protocol removes.
        kind: N keys of `MARKS`, as from `kinds`.
        cameras: N numbers, written beneath; None writes none.
        query_camera: written beneath the query.
        columns: gallery images in a row.
    """
    if not len(images) == len(kind) == len(cameras if cameras is not None else kind):
        raise ValueError(f"one kind and one camera for each image: {len(images)}, {len(kind)}")
    (query, zoom), (images, _) = fit_tiles(query[None]), fit_tiles(images)
    kind = [str(each) for each in kind]
    shown = [fade(image) if k in REMOVED else image for image, k in zip(images, kind, strict=True)]
    blank = [None] * (-len(shown) % columns)
    rows = [[*shown, *blank][start : start + columns] for start in range(0, len(shown), columns)]
    tiles = [[query[0] if r == 0 else None, *row] for r, row in enumerate(rows)]
    row_gaps, column_gaps = [CAPTION // zoom] * len(rows), [2 * WIDE] + [GAP // zoom] * columns
    height, width = query.shape[1:3]
    canvas = montage(tiles, row_gaps=row_gaps, column_gaps=column_gaps)
    canvas = np.pad(canvas, ((0, CAPTION // zoom), (0, 0), (0, 0)), constant_values=255)
    counts = {name: kind.count(name) for name in MARKS}
    figure = image_figure(
        canvas,
        title=title,
        reading=f"Left to right, row by row: most similar first. {CHECK} the same person in another camera. "
        f"{CROSS} dashed: somebody else. {CROSS} dotted: a distractor. Faded and struck through: removed; it takes no "
        "rank.",
        zoom=zoom,
        alt_text=f"The first {len(kind)} of a ranking: " + ", ".join(f"{n} {name}" for name, n in counts.items()) + ".",
    )
    axes = figure.axes[0]
    tops, lefts = places(len(rows), height, row_gaps), places(columns + 1, width, column_gaps)
    caption(axes, lefts[0], tops[0], width, height, zoom, ["query", camera_name(query_camera)], weight="bold")
    rank = 0
    for n, name in enumerate(kind):
        y, x = tops[n // columns], lefts[1 + n % columns]
        rank += name not in REMOVED
        frame(axes, x, y, width, height, name)
        line = name if name in REMOVED else f"rank {rank}"
        caption(axes, x, y, width, height, zoom, [line, camera_name(cameras[n] if cameras is not None else None)])
    return figure


def fade(image: np.ndarray) -> np.ndarray:
    """The image, grey and pale."""
    grey = image.mean(axis=-1, keepdims=True)
    return np.broadcast_to(255 - 0.45 * (255 - grey), image.shape).astype(np.uint8)


def camera_name(number: int | None) -> str:
    return "" if number is None else f"camera {number}"


def frame(axes: Axes, x: float, y: float, width: int, height: int, kind: str) -> None:
    """The frame of a tile whose upper left corner is at (x, y), and its symbol or its stroke."""
    symbol, colour, line = MARKS[kind]
    axes.add_patch(
        Rectangle((x - 1, y - 1), width + 1, height + 1, fill=False, lw=2, ec=colour, ls=line, clip_on=False)
    )
    if symbol:
        badge = {"boxstyle": "round,pad=0.12", "fc": "white", "ec": colour, "lw": 1}
        place = (x + width * 0.16, y + height * 0.09)
        axes.text(*place, symbol, color=colour, size=FONT_SIZE - 1, ha="center", va="center", bbox=badge)
    else:
        axes.plot([x, x + width - 1], [y + height - 1, y], color=FAINT, lw=1.2)


def caption(
    axes: Axes, x: float, y: float, width: int, height: int, zoom: int, lines: list[str], weight: str = "normal"
) -> None:
    """Up to two lines beneath a tile, with the second one fainter."""
    for n, (text, colour) in enumerate(zip(lines, (INK, FAINT), strict=True)):
        place = (x + width / 2, y + height + (4 + 13 * n) / zoom)
        axes.text(*place, text, color=colour, size=FONT_SIZE - 1.5, ha="center", va="top", weight=weight)
