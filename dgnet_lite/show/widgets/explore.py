"""To leaf through: the people of a data set, the ranking of a query, the schedule of eq. (10)."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor

from dgnet_lite.config import Config
from dgnet_lite.data.factors import APPEARANCE, IDENTITY
from dgnet_lite.data.load import ReidData
from dgnet_lite.evaluation.retrieval import evaluate
from dgnet_lite.show.grids import fit_tiles
from dgnet_lite.show.protocol import MARKS, REMOVED, kinds
from dgnet_lite.show.schedule import schedule_plot
from dgnet_lite.show.strip import Strip, beneath, strip
from dgnet_lite.show.style import BLUE, FAINT, ORANGE, Picture, styled
from dgnet_lite.show.widgets.base import Interactive, choice, share, slider

SPLITS = ("train", "query", "gallery")


def data_explorer(data: ReidData, most: int = 12) -> Interactive:
    """Choose a part of the data set and a person: the pictures, camera by camera, and on Toy Market the factors."""
    parts = {name: getattr(data.index, name) for name in SPLITS}
    people = {name: [int(k) for k in np.unique(part.ids) if k > 0] for name, part in parts.items()}
    split = choice("part", SPLITS)
    person = slider("person, in order", len(people["train"]) - 1)

    def fit_range(_: object) -> None:
        person.value = min(person.value, len(people[split.value]) - 1)
        person.max = len(people[split.value]) - 1

    def draw(split: str, person: int) -> Strip:
        part, number = parts[split], people[split][person]
        rows = np.flatnonzero(part.ids == number)
        rows = rows[np.argsort(part.cameras[rows], kind="stable")][:most]
        lines = []
        if data.world is not None:
            row = data.world.factors.loc[data.world.key(part.paths[rows[0]])]
            lines = [", ".join(f"{name} {row[name]}" for name in names) for names in (APPEARANCE, IDENTITY)]
        return _person(getattr(data, split)[rows], part.cameras[rows], f"{split}, person {number:04d}", lines, most)

    split.observe(fit_range, names="value")
    return Interactive({"split": split, "person": person}, draw)


def _person(images: np.ndarray, cameras: np.ndarray, title: str, lines: list[str], most: int) -> Strip:
    tiles, _ = fit_tiles(images)
    named = [f"{who}: {line}" for who, line in zip(("clothes", "person"), lines, strict=False)]
    wrapped = [part for line in named for part in textwrap.wrap(line, 130)]
    captions = [f"camera {camera}" for camera in cameras]
    return strip(tiles, captions, title=title, height=128, between=8, places=most, lines=wrapped)


def ranking_browser(query: Tensor, gallery: Tensor, data: ReidData, top: int = 10) -> Interactive:
    """Choose a query and how far down the ranking you read: right, wrong and removed are marked, and AP fills up.

    query, gallery: features, (Q, d) and (N, d), that are compared by their product.
    """
    q, g = data.index.query, data.index.gallery
    ap = evaluate(query, q.ids, q.cameras, gallery, g.ids, g.cameras).ap
    valid = np.flatnonzero(~np.isnan(ap))
    by_ap = valid[np.argsort(-ap[valid], kind="stable")]  # the easiest first
    scores = (query @ gallery.T).cpu().numpy()

    def draw(query: int, read: int) -> Strip:
        k = by_ap[query]
        order = np.argsort(-scores[k], kind="stable")
        kind = kinds(q.ids[k], q.cameras[k], g.ids[order], g.cameras[order])
        kept = order[~np.isin(kind, REMOVED)]
        right = g.ids[kept] == q.ids[k]
        title = f"Query {query + 1} of {len(by_ap)}, the easiest first: AP {100 * ap[k]:.0f} percent"
        return ranking_strip(data.query[k], data.gallery[order[:top]], kind[:top], right, read, title)

    controls = {
        "query": slider("query", len(by_ap) - 1, value=len(by_ap) // 2),
        "read": slider("read down to rank", min(50, len(g.ids)), value=top),
    }
    return Interactive(controls, draw)


@styled
def ranking_strip(
    query: np.ndarray,
    images: np.ndarray,
    kind: np.ndarray,
    right: np.ndarray,
    read: int,
    title: str,
    *,
    marks: Mapping[str, tuple] = MARKS,
    lines: Sequence[str] = (),
) -> Strip:
    """A query and the first images of its ranking, each marked, and beneath, precision as one reads down.

    Args:
        query: uint8 (H, W, 3).
        images: uint8 (n, H, W, 3), best first, with those that the protocol removes.
        kind: (n,) keys of `marks`.
        right: (N,) bool of the whole ranking, without what is removed.
        read: how many ranks are read.
        marks: by kind, symbol and colour of the frame (and more, which is not used).
        lines: of text, beneath the images.
    """
    tiles, _ = fit_tiles(np.concatenate([query[None], images]))
    ranked = np.cumsum(~np.isin(kind, REMOVED))
    names = ["removed" if name in REMOVED else f"rank {rank}" for name, rank in zip(kind, ranked, strict=True)]
    framed = [None, *(marks[name][:2] for name in kind)]
    people = strip(tiles, ["query", *names], title=title, height=128, between=10, marks=framed, lines=lines)
    figure = Picture(figsize=(8.2, 1.8), facecolor="white")  # a fixed layout: a computed one takes as long as the rest
    axes = figure.add_axes((0.075, 0.24, 0.92, 0.74))
    ranks = np.arange(1, len(right) + 1)
    precision, matches = np.cumsum(right) / ranks, np.flatnonzero(right)
    seen = matches[matches < read]
    so_far = precision[seen].sum() / max(1, len(matches))
    axes.plot(ranks[:50], precision[:50], color=FAINT, lw=1)
    axes.plot(ranks[:read], precision[:read], color=BLUE, label="precision")
    axes.plot(seen + 1, precision[seen], "o", color=ORANGE, label="a match: its precision counts")
    axes.set_xlim(0.5, min(50, len(right)) + 0.5)
    axes.set_ylim(0, 1.08)
    axes.set_xlabel(
        f"rank; {len(seen)} of {len(matches)} matches met, AP so far (step rule) {100 * so_far:.0f} percent"
    )
    axes.set_ylabel("precision")
    axes.locator_params(nbins=5)  # each number at an axis costs milliseconds
    axes.legend(loc="upper right")
    counts = ", ".join(f"{int((kind == name).sum())} {name}" for name in marks)
    words = f"{title}. Of the first {len(kind)}: {counts}. Read down to rank {read}: {len(seen)} of {len(matches)} "
    return beneath(people, figure, words + f"matches, AP so far {so_far:.2f}.")


def schedule_sliders(config: Config) -> Interactive:
    """The weights of eq. (10) over a run of `config`, as warm-up, ramp, lambda_prim and alpha are moved."""
    c = config.losses
    controls = {
        "warm_up": share("warm_up, part of the run", value=c.warm_up),
        "ramp": share("ramp, part of the run", value=c.ramp, high=0.5, step=0.01),
        "prim": share("lambda_prim", value=c.prim, high=4.0, step=0.1),
        "alpha": share("alpha", value=c.alpha, high=2.0, step=0.1),
    }

    def draw(**changed: float) -> Picture:
        losses = dataclasses.replace(c, **changed)
        return schedule_plot(dataclasses.replace(config, losses=losses))

    return Interactive(controls, draw)
