"""A table of pictures with names at its rows and columns, and numbers turned into pictures."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
from torch import Tensor

from dgnet_lite.show.grids import montage, places
from dgnet_lite.show.style import Picture, image_figure


def tile_table(
    tiles: Sequence[Sequence[np.ndarray | Tensor | None]],
    *,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    title: str,
    reading: str,
    zoom: int = 2,
    apart: Sequence[int] = (),
) -> Picture:
    """Pictures of one size in rows and columns.

    Args:
        tiles: uint8 (H, W, 3) each; None leaves a place empty.
        rows, columns: their names, short.
        title, reading: above and below; the second says how to read it.
        zoom: how many times as large.
        apart: rows with a wider gap beneath them.
    """
    table = [[None if tile is None else np.asarray(tile) for tile in row] for row in tiles]
    height, width = next(tile.shape[:2] for row in table for tile in row if tile is not None)
    row_gaps = [(12 if r in apart else 4) // zoom + 1 for r in range(len(table))]
    column_gaps = [4 // zoom + 1] * len(table[0])
    tops, lefts = places(len(table), height, row_gaps), places(len(table[0]), width, column_gaps)
    named = {"rows": rows, "columns": columns}
    names = "; ".join(f"{which}: {', '.join(each)}" for which, each in named.items() if each)
    return image_figure(
        montage(table, row_gaps=row_gaps, column_gaps=column_gaps),
        title=title,
        reading=reading,
        rows=dict(zip([y + height / 2 for y in tops], rows, strict=True)) if rows else None,
        columns=dict(zip([x + width / 2 for x in lefts], columns, strict=True)) if columns else None,
        zoom=zoom,
        alt_text=f"{title}. {len(table)} rows and {len(table[0])} columns of pictures; {names}. {reading}",
    )


def as_tiles(maps: Tensor, low: float, high: float, *, colours: str = "cividis", size: int = 1) -> np.ndarray:
    """Numbers as pictures: (N, H, W) -> uint8 (N, size*H, size*W, 3), `low` and below dark, `high` and above bright.

    colours: a colour map of matplotlib; the default one is read alike by all eyes.
    """
    share = ((maps.detach().float() - low) / max(high - low, 1e-12)).clamp(0, 1)
    share = share.repeat_interleave(size, dim=1).repeat_interleave(size, dim=2)
    return (255 * matplotlib.colormaps[colours](share.numpy())[..., :3]).round().astype(np.uint8)
