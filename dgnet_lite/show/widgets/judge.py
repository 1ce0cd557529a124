"""To judge features by hand: one query ranked by each of them, and what the weight of the second one changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image, ImageDraw
from torch import Tensor
from torch.nn import functional as F

from dgnet_lite.data.load import ReidData
from dgnet_lite.evaluation.bootstrap import bootstrap_means
from dgnet_lite.evaluation.retrieval import evaluate
from dgnet_lite.show.grids import fit_tiles, outfit
from dgnet_lite.show.protocol import MARKS, REMOVED, kinds
from dgnet_lite.show.strip import Strip, strip
from dgnet_lite.show.style import BLUE, FAINT, INK, ORANGE, VERMILION, Picture, styled
from dgnet_lite.show.widgets.base import Interactive, choice, share, slider
from dgnet_lite.show.widgets.explore import ranking_strip

Sides = tuple[Tensor, Tensor]
"""Features of the queries and of the gallery, (Q, d) and (N, d), compared by their product."""

SAME_CLOTHES = {"same clothes": ("=", VERMILION)}
"""Somebody else in the query's outfit, which only Toy Market knows."""


LEGEND = (
    "\N{CHECK MARK} right   = wrong, in the query's own clothes   \N{MULTIPLICATION X} wrong   "
    "yellow: a distractor   struck out: its own camera, removed",
)


class _Test:
    """What the rankings of a data set are judged by; of one query at a time."""

    def __init__(self, data: ReidData) -> None:
        self.data, self.q, self.g = data, data.index.query, data.index.gallery
        self.worn = None
        if data.world is not None:
            self.worn = [np.array([outfit(data, path) for path in side.paths]) for side in (self.q, self.g)]

    def average_precisions(self, query: Tensor, gallery: Tensor) -> np.ndarray:
        return evaluate(query, self.q.ids, self.q.cameras, gallery, self.g.ids, self.g.cameras).ap

    def ranked(self, k: int, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The gallery in the order of the scores (N,) of query k, and what each image is to it."""
        order = np.argsort(-scores, kind="stable")
        kind = kinds(self.q.ids[k], self.q.cameras[k], self.g.ids[order], self.g.cameras[order]).astype("<U12")
        if self.worn is not None:
            kind[(kind == "wrong") & (self.worn[1][order] == self.worn[0][k])] = "same clothes"
        return order, kind


def feature_browser(
    features: Mapping[str, Sides], data: ReidData, *, start: str | None = None, top: int = 10
) -> Interactive:
    """Choose a feature, a query and how far down you read; "=" marks somebody else in the query's own clothes.

    Args:
        features: by name, of the queries and the gallery of `data`.
        start: the feature to begin with; None: the first.
        top: images shown.

    The queries come in the order of how far the AP of one feature is from that of another, farthest first.
    """
    test = _Test(data)
    aps = {name: test.average_precisions(*sides) for name, sides in features.items()}
    table = np.stack(list(aps.values()))
    valid = np.flatnonzero(~np.isnan(table).any(axis=0))
    order_of_queries = valid[np.argsort(-np.ptp(table[:, valid], axis=0), kind="stable")]
    scores = {name: (query @ gallery.T).cpu().numpy() for name, (query, gallery) in features.items()}

    def draw(feature: str, query: int, read: int) -> Strip:
        k = order_of_queries[query]
        order, kind = test.ranked(k, scores[feature][k])
        right = test.g.ids[order[~np.isin(kind, REMOVED)]] == test.q.ids[k]
        told = ", ".join(f"{name} {100 * ap[k]:.0f}" for name, ap in aps.items())
        title = f"Query {query + 1} of {len(order_of_queries)}, ranked by {feature}. AP in percent: {told}"
        images, marks = data.gallery[order[:top]], MARKS | SAME_CLOTHES
        return ranking_strip(data.query[k], images, kind[:top], right, read, title, marks=marks, lines=LEGEND)

    controls = {
        "feature": choice("feature", list(features), start),
        "query": slider("query", len(order_of_queries) - 1),
        "read": slider("read down to rank", min(50, len(test.g.ids)), value=top),
    }
    return Interactive(controls, draw)


def beta_slider(
    betas: Sequence[float], ap: np.ndarray, prim: Sides, fine: Sides, data: ReidData, *, people: str, top: int = 9
) -> Interactive:
    """Weigh f_fine: one query's ranking, and the mean gain over f_prim alone with its 95 % interval over identities.

    Args:
        betas: (B,), ascending, evenly spaced, from 0 on.
        ap: (Q, B), AP of each query at each beta.
        prim, fine: both features.
        data: whom they are of.
        people: who that is, for the title: "the validation people".

    The queries come in the order of how much their AP changes over beta. Raises ValueError: the first beta is not 0.
    """
    if betas[0] != 0 or ap.shape != (len(data.query), len(betas)):
        raise ValueError(f"betas must begin at 0 and ap be (queries, betas); got {betas[0]} and {ap.shape}")
    test, weights = _Test(data), np.asarray(betas, dtype=float)
    gain = ap - ap[:, :1]
    drawn = bootstrap_means(gain, test.q.ids)
    mean, (low, high) = np.nanmean(gain, axis=0), np.quantile(drawn, [0.025, 0.975], axis=0)
    by_change = np.argsort(-np.nan_to_num(np.ptp(ap, axis=1), nan=-1), kind="stable")
    cosines = [F.normalize(query, dim=1) @ F.normalize(gallery, dim=1).T for query, gallery in (prim, fine)]
    of_prim, of_fine = (each.cpu().numpy() for each in cosines)

    curve = _Curve(weights, 100 * np.stack([mean, low, high]), people)

    def draw(beta: float, query: int) -> Strip:
        at, k = int(np.abs(weights - beta).argmin()), by_change[query]
        order, kind = test.ranked(k, of_prim[k] + weights[at] * of_fine[k])
        tiles, _ = fit_tiles(np.concatenate([data.query[k][None], data.gallery[order[:top]]]))
        kind, marks = kind[:top], MARKS | SAME_CLOTHES
        names = ["removed" if name in REMOVED else "" for name in kind]
        title = f"beta = {weights[at]:g}, query {query + 1}: AP {100 * ap[k, at]:.0f} percent"
        said = f"On {people}: {100 * mean[at]:+.1f} points of mAP over f_prim alone, 95 % interval "
        said += f"{100 * low[at]:+.1f} to {100 * high[at]:+.1f}"
        framed = [None, *(marks[name][:2] for name in kind)]
        row = strip(tiles, ["query", *names], title=title, height=128, between=10, marks=framed, lines=[*LEGEND, said])
        counts = ", ".join(f"{int((kind == name).sum())} {name}" for name in marks)
        return curve.beneath(row, at, f"{title}. Of the first {top}: {counts}. {said}.")

    step = float(weights[1] - weights[0]) if len(weights) > 1 else 0.1
    controls = {
        "beta": share("beta", value=0.5, high=float(weights[-1]), step=step),
        "query": slider("query", len(by_change) - 1),
    }
    return Interactive(controls, draw)


class _Curve:
    """The gain over beta, drawn once; where one stands is put onto it, which is quick enough for a slider.

    gain: (3, B): mean, low and high, in points.
    """

    @styled
    def __init__(self, betas: np.ndarray, gain: np.ndarray, people: str) -> None:
        figure = Picture(figsize=(8.2, 2.2), facecolor="white")
        axes = figure.add_axes((0.065, 0.2, 0.91, 0.68))
        axes.fill_between(betas, gain[1], gain[2], color=BLUE, alpha=0.2, lw=0, label="95 % interval over identities")
        axes.plot(betas, gain[0], color=BLUE, label="mean over queries")
        axes.axhline(0, color=INK, lw=1)
        axes.set_xlim(0, betas[-1])
        axes.set_xlabel("beta, the weight of f_fine beside f_prim's 1")
        axes.set_ylabel("points of mAP")
        axes.set_title(f"Gain over f_prim alone, on {people}")
        axes.legend(loc="lower left")
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        self.pixels = np.asarray(canvas.buffer_rgba())[..., :3]
        x, y = axes.transData.transform(np.stack([betas, gain[0]], axis=1)).T
        self.places = np.stack([x, len(self.pixels) - y], axis=1)
        bottom, top = axes.transAxes.transform([(0, 0), (0, 1)])[:, 1]
        self.bottom, self.top = len(self.pixels) - bottom, len(self.pixels) - top

    def beneath(self, above: Strip, at: int, alt_text: str) -> Strip:
        image = Image.fromarray(self.pixels)
        draw, (x, y) = ImageDraw.Draw(image), self.places[at]
        draw.line((x, self.bottom, x, self.top), FAINT, 1)
        draw.ellipse((x - 6, y - 6, x + 6, y + 6), ORANGE, "white", 1)
        width = max(above.pixels.shape[1], image.width)
        parts = [(part, width - part.shape[1]) for part in (above.pixels, np.asarray(image))]
        padded = [np.pad(part, ((0, 0), (0, missing), (0, 0)), constant_values=255) for part, missing in parts]
        return Strip(np.concatenate(padded), alt_text)
