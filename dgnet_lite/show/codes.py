"""What lesson 03 draws: stripes and their maxima, colours that grey cannot tell, how far a cell sees, probes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm
from matplotlib.patches import Rectangle

from dgnet_lite.show.style import FAINT, FONT_SIZE, INK, PALETTE, VERMILION, Picture, styled


@styled
def striped_maxima(image: np.ndarray, channels: np.ndarray, names: Sequence[str]) -> Picture:
    """A pedestrian in stripes; then channels of the feature map with the largest cell of each stripe marked.

    Args:
        image: uint8 (H, W, 3).
        channels: (C, h, w), some channels of its feature map; h is a multiple of four.
        names: C titles.
    """
    stripes = 4
    figure = Picture(figsize=(8.4, 3.5), layout="constrained")
    first, *panels = figure.subplots(1, 1 + len(channels))
    height, width = image.shape[:2]
    first.imshow(image, interpolation="nearest", extent=(0, width, height, 0), aspect="auto")
    for k in range(stripes):
        first.axhspan(k * height / stripes, (k + 1) * height / stripes, color=PALETTE[k], alpha=0.2, lw=0)
        first.text(1, (k + 0.5) * height / stripes, str(k + 1), color="white", weight="bold", va="center")
    first.set_title("four stripes", loc="center")
    first.axis("off")
    rows, columns = channels.shape[1:]
    for axes, values, name in zip(panels, channels, names, strict=True):
        axes.imshow(values, cmap="cividis", vmin=0, vmax=max(float(values.max()), 1e-6), aspect="auto")
        for k in range(stripes):
            top, bottom = k * rows // stripes, (k + 1) * rows // stripes
            place = np.unravel_index(values[top:bottom].argmax(), (bottom - top, columns))
            box = (place[1] - 0.5, top + place[0] - 0.5)
            axes.add_patch(Rectangle(box, 1, 1, fill=False, ec=VERMILION, lw=2))
            largest = values[top:bottom].max()
            ink = "white" if largest < 0.55 * values.max() else INK
            axes.text(place[1], top + place[0], f"{largest:.1f}", ha="center", va="center", size=7.5, color=ink)
            if k:
                axes.axhline(top - 0.5, color="white", lw=1.5)
        axes.set_title(name, loc="center")
        axes.axis("off")
    figure.alt_text = (
        f"A pedestrian cut into four stripes, and {len(channels)} channels of its {rows} x {columns} feature map. "
        "In each stripe of each channel the largest cell is framed; its number goes into the code."
    )
    return figure


@styled
def greys(colours: Mapping[str, tuple[int, int, int]], grey: Mapping[str, float]) -> Picture:
    """Colours by name, from dark to bright, with the grey that is left of each beneath.

    Args:
        colours: red, green, blue in 0..255.
        grey: what the structure encoder sees of it, normalised units.
    """
    order = sorted(colours, key=grey.__getitem__)
    values = np.array([grey[name] for name in order])
    shade = (values - values.min()) / max(np.ptp(values), 1e-9)
    figure = Picture(figsize=(8.6, 2.3), layout="constrained")
    axes = figure.subplots()
    for k, name in enumerate(order):
        axes.add_patch(Rectangle((k, 1.02), 0.94, 0.98, color=np.array(colours[name]) / 255))
        axes.add_patch(Rectangle((k, 0), 0.94, 0.98, color=str(0.06 + 0.88 * shade[k])))
        ink = "white" if shade[k] < 0.5 else INK
        axes.text(k + 0.47, 0.49, f"{values[k]:+.2f}", ha="center", va="center", color=ink, size=FONT_SIZE - 1)
    axes.set(xlim=(0, len(order)), ylim=(0, 2.02))
    axes.set_xticks([k + 0.47 for k in range(len(order))], [name.replace(" ", "\n") for name in order])
    axes.set_yticks([0.49, 1.51], ["what $E_s$ sees", "colour"])
    axes.tick_params(length=0)
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_title("The colours of Toy Market's clothes, and their greys, from dark to bright")
    figure.alt_text = "Colour swatches above the grey that is left of each: " + ", ".join(
        f"{name} {grey[name]:+.2f}" for name in order
    )
    return figure


@styled
def reach(image: np.ndarray, sizes: Mapping[str, int], centre: tuple[float, float]) -> Picture:
    """The receptive field of one cell after each layer, drawn on the picture.

    Args:
        image: uint8 (H, W, 3), drawn at its size in pixels with room around it.
        sizes: by the layer's name, side of the square field in pixels.
        centre: (row, column) of the cell in pixels.
    """
    height, width = image.shape[:2]
    half = max(sizes.values()) / 2
    figure = Picture(figsize=(6.4, 4.6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(image, interpolation="nearest", extent=(0, width, height, 0))
    axes.add_patch(Rectangle((0, 0), width, height, fill=False, ec=INK, lw=1))
    colours = [matplotlib.colormaps["viridis"](x) for x in np.linspace(0, 0.9, len(sizes))]
    for (name, side), colour in zip(sizes.items(), colours, strict=True):
        corner = (centre[1] - side / 2, centre[0] - side / 2)
        axes.add_patch(Rectangle(corner, side, side, fill=False, ec=colour, lw=2, label=f"{name}: {side} pixels"))
    left, right = min(0, centre[1] - half) - 2, max(width, centre[1] + half) + 2
    top, bottom = min(0, centre[0] - half) - 2, max(height, centre[0] + half) + 2
    axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    axes.axis("off")
    axes.set_title("What one cell of $s$ sees, after each layer")
    figure.legend(loc="outside right center")
    figure.alt_text = "Squares around one cell, growing layer by layer: " + ", ".join(
        f"{name} {side}" for name, side in sizes.items()
    )
    return figure


@styled
def gradient_reach(maps: Mapping[str, np.ndarray], cell: tuple[float, float]) -> Picture:
    """How strongly each pixel moves one cell, on a logarithmic scale.

    Args:
        maps: by title, (H, W), at least 0; each is divided by its maximum.
        cell: (row, column) of the cell in pixels, marked.
    """
    figure = Picture(figsize=(2.3 * len(maps) + 1.2, 4.0), layout="constrained")
    panels = figure.subplots(1, len(maps), squeeze=False)[0]
    colours = matplotlib.colormaps["cividis"].with_extremes(bad="white")
    told = []
    for axes, (title, values) in zip(panels, maps.items(), strict=True):
        share = values / max(values.max(), 1e-12)
        shown = axes.imshow(np.where(share > 0, share, np.nan), cmap=colours, norm=LogNorm(1e-5, 1))
        for colour, width in (("white", 5), (VERMILION, 2.5)):
            axes.plot(cell[1], cell[0], "+", color=colour, ms=9 + width, mew=width)
        axes.set_title(f"{title}\n{100 * (share > 0).mean():.0f} % of the pixels", loc="center")
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(True)
        axes.grid(visible=False)
        told.append(f"{title}: {100 * (share > 0).mean():.0f} % of the pixels")
    figure.colorbar(shown, ax=list(panels), shrink=0.8, label="influence, 1 = strongest; white: none at all")
    figure.alt_text = f"Influence of each pixel on one cell. With any influence at all: {'; '.join(told)}."
    return figure


@styled
def skill_map(table: pd.DataFrame, codes: Sequence[str] | None = None, *, title: str) -> Picture:
    """Rows: factors, in their two halves. Columns: codes. Colour and number: skill of the probe.

    Args:
        table: columns code, half, factor, skill, error, as from `evaluation.probe.probe_table`.
        codes: which, in this order; None for all.
    """
    import seaborn  # slow to import

    codes = list(codes if codes is not None else dict.fromkeys(table["code"]))
    halves = {half: list(dict.fromkeys(rows["factor"])) for half, rows in table.groupby("half", sort=False)}
    count = sum(map(len, halves.values()))
    figure = Picture(figsize=(min(8.6, 2.0 + 1.12 * len(codes)), 0.27 * count + 1.9), layout="constrained")
    panels = figure.subplots(len(halves), 1, height_ratios=[len(rows) for rows in halves.values()])
    value, error = (table.pivot(index="factor", columns="code", values=v) for v in ("skill", "error"))
    for axes, (half, rows) in zip(np.atleast_1d(panels), halves.items(), strict=True):
        number, spread = value.loc[rows, codes], error.loc[rows, codes]
        texts = number.map("{:.2f}".format).replace("-0.00", "0.00") + spread.map(" ±{:.2f}".format)
        style = {"cmap": "cividis", "vmin": 0, "vmax": 1, "cbar": False, "annot_kws": {"size": FONT_SIZE - 1.5}}
        named = codes if half == next(iter(halves)) else False
        seaborn.heatmap(number, ax=axes, annot=texts, fmt="", xticklabels=named, **style)
        axes.set_xlabel("")
        axes.tick_params(axis="y", rotation=0)
        axes.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False)
        axes.set_ylabel(half, weight="bold", color=FAINT)
    figure.align_ylabels()
    figure.colorbar(axes.collections[0], ax=list(np.atleast_1d(panels)), shrink=0.5, label="skill: 0 chance, 1 perfect")
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=FONT_SIZE)
    best = "; ".join(f"{f} {value.loc[f, codes].idxmax()} {value.loc[f, codes].max():.2f}" for f in value.index)
    figure.alt_text = f"{title}. Skill of a linear probe, best code for each factor: {best}."
    return figure


@styled
def swatches(rows: Mapping[str, np.ndarray], *, title: str) -> Picture:
    """Colours side by side, one row a source, the same person in each column.

    Args:
        rows: by name, (N, 3), red, green, blue in 0..1; what lies outside is clipped.
    """
    count = len(next(iter(rows.values())))
    figure = Picture(figsize=(8.6, 0.5 * len(rows) + 0.6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(np.stack([np.clip(colours, 0, 1) for colours in rows.values()]), aspect="auto")
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set_xticks([])
    for edge in range(1, count):
        axes.axvline(edge - 0.5, color="white", lw=3)
    for edge in range(1, len(rows)):
        axes.axhline(edge - 0.5, color="white", lw=3)
    axes.set_title(title)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    saturation = "; ".join(f"{name} {np.ptp(np.clip(c, 0, 1), axis=1).mean():.2f}" for name, c in rows.items())
    figure.alt_text = (
        f"{title}. {count} colours in each row; mean difference of their largest and smallest channel: {saturation}."
    )
    return figure
