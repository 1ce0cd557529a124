"""Ranking lists: a query and the gallery images that the features put first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.patches import Rectangle
from torch import nn

from dgnet_lite.data.load import ReidData
from dgnet_lite.evaluation.embed import combine, embed
from dgnet_lite.evaluation.retrieval import Ranking, evaluate, ranking
from dgnet_lite.show.grids import WIDE, fit_tiles, montage, places
from dgnet_lite.show.style import BLUE, FONT_SIZE, VERMILION, Picture, image_figure, styled

GAP = 4
MARKS = {"right": ("\N{CHECK MARK}", BLUE, "solid"), "wrong": ("\N{MULTIPLICATION X}", VERMILION, (0, (2, 1)))}
"""Symbol, colour and line of a frame: three ways to see the same thing."""


@styled
def ranking_lists(
    queries: np.ndarray, gallery: np.ndarray, ranked: Ranking, labels: list[str] | None = None, *, feature: str = ""
) -> Picture:
    """One query a row, then its first gallery images, best first, framed by whether they are right.

    Args:
        queries: uint8 (Q, H, W, 3).
        gallery: uint8 (N, H, W, 3).
        ranked: indices into `gallery` and status, (Q, top) each, of these queries.
        labels: one a row, for instance the AP.
        feature: what was compared, for the title.
    """
    if not len(queries) == len(ranked.indices) == len(labels or queries):
        raise ValueError(f"one ranking and one label for each query: {len(queries)}, {len(ranked.indices)}")
    (queries, zoom), (gallery, _) = fit_tiles(queries), fit_tiles(gallery)
    top = ranked.indices.shape[1]
    tiles = [
        [q, *(gallery[k] if k >= 0 else None for k in row)] for q, row in zip(queries, ranked.indices, strict=True)
    ]
    row_gaps, column_gaps = [GAP] * len(queries), [2 * WIDE] + [GAP] * top
    height, width = queries.shape[1:3]
    tops, lefts = places(len(tiles), height, row_gaps), places(top + 1, width, column_gaps)
    number = {left + width / 2: "query" if k == 0 else str(k) for k, left in enumerate(lefts)}
    right, shown = int((ranked.status == "right").sum()), int((ranked.status != "").sum())
    figure = image_figure(
        montage(tiles, row_gaps=row_gaps, column_gaps=column_gaps),
        title=f"Ranking lists{f', {feature}' if feature else ''}",
        reading=f"Rows: queries. Left to right: the first {top} of the gallery, best first. "
        "Solid frame and \N{CHECK MARK}: the same person, seen by another camera. "
        "Dashed frame and \N{MULTIPLICATION X}: somebody else.",
        rows={y + height / 2: label for y, label in zip(tops, labels or [""] * len(tops), strict=True)},
        columns=number,
        zoom=zoom,
        alt_text=f"Ranking lists of {len(queries)} queries, {top} images each; {right} of {shown} are right.",
    )
    axes = figure.axes[0]
    for y, row in zip(tops, ranked.status, strict=True):
        for x, status in zip(lefts[1:], row, strict=True):
            if status:
                symbol, colour, line = MARKS[status]
                box = (x - 1.0, y - 1.0), width + 1.0, height + 1.0
                axes.add_patch(Rectangle(*box, fill=False, lw=2, ec=colour, ls=line, clip_on=False))
                badge = {"boxstyle": "round,pad=0.12", "fc": "white", "ec": colour, "lw": 1}
                place = (x + width * 0.16, y + height * 0.09)
                axes.text(*place, symbol, color=colour, size=FONT_SIZE - 1, ha="center", va="center", bbox=badge)
    return figure


@dataclass(frozen=True, eq=False)
class Rankings:
    """The arguments of `ranking_lists`."""

    queries: np.ndarray
    gallery: np.ndarray
    ranked: Ranking
    labels: list[str]


def collect_rankings(model: nn.Module, data: ReidData, beta: float, n: int = 5, top: int = 10) -> Rankings:
    """The rankings of n queries from the best average precision to the worst, at even steps: not the n prettiest.

    A model of two features is compared by both, one of a single feature (the teacher) by that, whatever `beta` is.
    """
    sides = [embed(model, images) for images in (data.query, data.gallery)]
    query, gallery = (combine(*features, beta) if len(features) == 2 else features[0] for features in sides)
    q, g = data.index.query, data.index.gallery
    sides = (query, q.ids, q.cameras, gallery, g.ids, g.cameras)
    ap = evaluate(*sides).ap
    valid = np.flatnonzero(~np.isnan(ap))
    by_ap = valid[np.argsort(-ap[valid], kind="stable")]
    chosen = by_ap[np.linspace(0, len(by_ap) - 1, min(n, len(by_ap))).round().astype(int)]
    ranked = ranking(*sides, top=top)
    few = Ranking(ranked.indices[chosen], ranked.status[chosen])
    return Rankings(data.query[chosen], data.gallery, few, [f"AP {100 * ap[k]:.0f} %" for k in chosen])
