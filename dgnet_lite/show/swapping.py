"""Swaps without a network: pictures in a row with the signs between them, and a grid of true swaps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dgnet_lite.data.toymarket import ToyMarket
from dgnet_lite.show.grids import WIDE, montage, places
from dgnet_lite.show.style import FONT_SIZE, INK, Picture, image_figure, styled

BETWEEN = 44
"""Pixels between two pictures of a row, for the sign."""


@styled
def picture_row(
    images: Sequence[np.ndarray],
    captions: Sequence[str],
    signs: Sequence[str] | None = None,
    *,
    title: str,
    reading: str,
    zoom: int = 1,
) -> Picture:
    """Pictures side by side, each with its caption above it.

    Args:
        images: uint8 (H, W, 3) each, all of one size.
        captions: one a picture, short.
        signs: what stands between two pictures, as in ["+", "="]; None leaves the places empty.
        zoom: how many times as large.
    """
    signs = [""] * (len(images) - 1) if signs is None else list(signs)
    if not len(images) == len(captions) == len(signs) + 1:
        raise ValueError(
            f"{len(images)} pictures need as many captions and one sign less: got {len(captions)} and {len(signs)}"
        )
    height, width = images[0].shape[:2]
    gaps = [BETWEEN // zoom] * len(images)
    lefts = places(len(images), width, gaps)
    figure = image_figure(
        montage([list(images)], row_gaps=[0], column_gaps=gaps),
        title=title,
        reading=reading,
        columns={left + width / 2: text for left, text in zip(lefts, captions, strict=True)},
        zoom=zoom,
        alt_text=f"{len(images)} pictures in a row: {'; '.join(captions)}. {reading}",
    )
    for left, sign in zip(lefts[1:], signs, strict=True):
        place = (left - gaps[0] / 2, height / 2)
        figure.axes[0].text(*place, sign, size=2 * FONT_SIZE, color=INK, ha="center", va="center")
    return figure


@styled
def true_swap_grid(
    world: ToyMarket, clothes_of: Sequence[str], bodies_of: Sequence[str], *, height: int = 128
) -> Picture:
    """Left column: who gives the clothes. Top row: who gives everything else. Where they meet: the true swap.

    Args:
        world: the Toy Market, which draws them.
        clothes_of, bodies_of: names in the index of `world.factors`.
        height: of a picture in pixels.
    """
    pairs = [(k, k) for k in (*clothes_of, *bodies_of)] + [(a, s) for a in clothes_of for s in bodies_of]
    drawn = list(world.render_many(pairs, height=height, workers=1))
    left, top = drawn[: len(clothes_of)], drawn[len(clothes_of) : len(clothes_of) + len(bodies_of)]
    inside = np.array(drawn[len(clothes_of) + len(bodies_of) :])
    inside = inside.reshape(len(clothes_of), len(bodies_of), *inside.shape[1:])
    tiles = [[None, *top], *([image, *row] for image, row in zip(left, inside, strict=True))]
    row_gaps, column_gaps = [2 * WIDE] + [2] * len(clothes_of), [2 * WIDE] + [2] * len(bodies_of)
    rows = places(len(tiles), height, row_gaps)
    return image_figure(
        montage(tiles, row_gaps=row_gaps, column_gaps=column_gaps),
        title="True swaps: clothes of the row on the body, pose and place of the column",
        reading="Left column: pictures of the data set, for their clothes. Top row: pictures of the data set, for all "
        "the rest. Where they meet: drawn from both; these pictures are in no folder.",
        rows={y + height / 2: "structure" if r == 0 else "swaps" for r, y in enumerate(rows)},
        columns={height / 4: "appearance"},
        alt_text=f"Grid of true swaps, drawn from the known factors: {len(clothes_of)} people's clothes on "
        f"{len(bodies_of)} other people.",
    )
