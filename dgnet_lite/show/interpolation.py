"""Fig. 5 and its structure twin: pictures on the straight line between two codes, as strips and as a moving picture."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from PIL import Image, ImageDraw

from dgnet_lite.data.batches import denormalise, normalise
from dgnet_lite.data.load import ReidData
from dgnet_lite.dgnet import DGNet
from dgnet_lite.evaluation.embed import eval_mode
from dgnet_lite.networks.generator import interpolate
from dgnet_lite.show.grids import different_people, montage, places
from dgnet_lite.show.strip import font
from dgnet_lite.show.style import INK, Picture
from dgnet_lite.show.tiles import tile_table

Code = Literal["appearance", "structure"]
KEPT = {"appearance": "body", "structure": "clothes"}
CHANGED = {"appearance": "clothes", "structure": "body"}


@dataclass(frozen=True, eq=False)
class Walk:
    """Pictures between two codes.

    kept, start, end: who gives the other code, and the ends, uint8 (R, H, W, 3). frames: uint8 (R, T, H, W, 3), the
    first and the last are swaps.
    """

    code: Code
    kept: np.ndarray
    start: np.ndarray
    end: np.ndarray
    frames: np.ndarray


@torch.no_grad()
def collect_walk(model: DGNet, data: ReidData, code: Code, rows: int = 4, steps: int = 8, seed: int = 0) -> Walk:
    """Draw three test images of different persons a row, and walk from the second's code to the third's.

    Raises ValueError: fewer than two steps, or too few persons.
    """
    if steps < 2:
        raise ValueError(f"a walk has a first and a last picture: steps must be at least 2, got {steps}")
    kept, start, end = data.query[different_people(data, 3 * rows, seed, "query")].reshape(
        3, rows, *data.query.shape[1:]
    )
    device, frames = next(model.parameters()).device, []
    with eval_mode(model):
        for images in zip(kept, start, end, strict=True):
            x = normalise(torch.from_numpy(np.stack(images)).to(device))
            a, s = model.encode_appearance(x), model.encode_structure(x)
            if code == "appearance":
                made = model.decode(s[:1].expand(steps, *s.shape[1:]), interpolate(a[1:2], a[2:], steps))
            else:
                made = model.decode(interpolate(s[1:2], s[2:], steps), a[:1].expand(steps, *a.shape[1:]))
            frames.append(denormalise(made).cpu().numpy())
    return Walk(code, kept, start, end, np.stack(frames))


def walk_strips(walk: Walk) -> Picture:
    """A row a walk: who gives the code that stays, the first end, the pictures in between, the second end."""
    rows = [
        [kept, None, start, *frames, end]
        for kept, start, frames, end in zip(walk.kept, walk.start, walk.frames, walk.end, strict=True)
    ]
    steps, changed = walk.frames.shape[1], CHANGED[walk.code]
    shares = [f"{t:.2f}".rstrip("0").rstrip(".") for t in np.linspace(0, 1, steps)]
    return tile_table(
        rows,
        columns=[KEPT[walk.code], "", f"{changed} 0", *shares, f"{changed} 1"],
        title=f"From one {walk.code} code to another, in a straight line",
        reading=f"Left: who gives the {KEPT[walk.code]} of the whole row. Then a real picture, {steps} generated ones "
        f"with the share of the way above them, and the real picture at whose {walk.code} code the way ends.",
        zoom=max(1, 128 // walk.kept.shape[1]),
    )


def walk_gif(walk: Walk, *, milliseconds: int = 90, rest: int = 900) -> bytes:
    """A GIF that goes there and back: from the row above to the row below, and in between what G makes of the code."""
    count, steps = walk.frames.shape[:2]
    zoom = max(1, 128 // walk.kept.shape[1])
    height, width = (zoom * n for n in walk.kept.shape[1:3])
    left, bottom = 116, 26
    lefts, tops = places(count, width, [8] * count), places(4, height, [8] * 4)
    labels = (f"{KEPT[walk.code]} of", f"{CHANGED[walk.code]} from", "generated", f"{CHANGED[walk.code]} to")
    frames = []
    for step in range(steps):
        tiles = [list(images) for images in (walk.kept, walk.start, walk.frames[:, step], walk.end)]
        big = [[np.repeat(np.repeat(tile, zoom, 0), zoom, 1) for tile in row] for row in tiles]
        canvas = montage(big, row_gaps=[8] * 4, column_gaps=[8] * count)
        frame = Image.new("RGB", (left + canvas.shape[1] + 8, canvas.shape[0] + bottom + 8), "white")
        frame.paste(Image.fromarray(canvas), (left, 8))
        draw = ImageDraw.Draw(frame)
        for top, label in zip(tops, labels, strict=True):
            draw.text((left - 8, 8 + top + height // 2), label, INK, font("DejaVuSans.ttf", 13), anchor="rm")
        end, y = left + lefts[-1] + width, canvas.shape[0] + 22
        draw.line((left, y, end, y), "#bbbbbb", 3)
        x = left + (end - left) * step / (steps - 1)
        draw.ellipse((x - 5, y - 5, x + 5, y + 5), INK)
        frames.append(frame)
    every = Image.fromarray(np.concatenate([np.asarray(frame) for frame in frames]))
    palette = every.quantize(255, dither=Image.Dither.NONE)  # one for all, or the colours flicker
    few = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    order = [*few, *few[-2:0:-1]]
    times = [rest if k in (0, steps - 1) else milliseconds for k in range(len(order))]
    file = io.BytesIO()
    order[0].save(file, "GIF", save_all=True, append_images=order[1:], duration=times, loop=0, optimize=True)
    return file.getvalue()
