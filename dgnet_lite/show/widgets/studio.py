"""The swap studio: clothes and bodies by slider, the swap beside the true one; and what a factor does to both codes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from dgnet_lite.data.batches import denormalise, normalise
from dgnet_lite.data.factors import APPEARANCE, IDENTITY, NUISANCE
from dgnet_lite.data.load import ReidData
from dgnet_lite.dgnet import DGNet
from dgnet_lite.evaluation.embed import eval_mode
from dgnet_lite.show.grids import different_people, fit_tiles, montage
from dgnet_lite.show.strip import Strip, strip
from dgnet_lite.show.style import BLUE, ORANGE, Picture, styled
from dgnet_lite.show.widgets.base import Interactive, choice, share, slider

PEOPLE = 24


class Codes:
    """Both codes of some test pictures, computed once; G alone runs when a slider moves.

    images: uint8 (N, H, W, 3), of different persons. keys: their rows in Toy Market's factors, None elsewhere.
    appearance, structure: (N, C, 4, 1) and (N, C, H/2^d, W/2^d).
    """

    def __init__(self, model: DGNet, data: ReidData, count: int = PEOPLE, seed: int = 0) -> None:
        rows = different_people(data, min(count, len(set(data.index.query.ids))), seed, "query")
        self.model, self.world, self.images = model, data.world, data.query[rows]
        paths = data.index.query.paths
        self.keys = [data.world.key(paths[r]) for r in rows] if data.world is not None else None
        self.appearance, self.structure = self.encode(self.images)

    @torch.no_grad()
    def encode(self, images: np.ndarray) -> tuple[Tensor, Tensor]:
        with eval_mode(self.model):
            x = normalise(torch.from_numpy(np.ascontiguousarray(images))).to(next(self.model.parameters()).device)
            return self.model.encode_appearance(x), self.model.encode_structure(x)

    @torch.no_grad()
    def decode(self, structure: Tensor, appearance: Tensor) -> np.ndarray:
        """Codes of one picture, (1, ...) each -> uint8 (H, W, 3)."""
        with eval_mode(self.model):
            return denormalise(self.model.decode(structure, appearance)).cpu().numpy()[0]


def swap_studio(model: DGNet, data: ReidData, count: int = PEOPLE, seed: int = 0) -> Interactive:
    """Sliders for two givers of clothes and two of a body, and how far to go from the first to the second.

    At the ends of both ways the true swap is shown beside G's; in between nobody knows it.
    """
    codes = Codes(model, data, count, seed)
    last = len(codes.images) - 1
    controls = {
        "clothes": slider("clothes of", last),
        "clothes_2": slider("... towards those of", last, value=min(1, last)),
        "t_a": share("... how far", step=0.1),
        "body": slider("body of", last, value=min(2, last)),
        "body_2": slider("... towards that of", last, value=min(3, last)),
        "t_s": share("... how far", step=0.1),
    }

    def draw(clothes: int, clothes_2: int, t_a: float, body: int, body_2: int, t_s: float) -> Strip:
        a = torch.lerp(codes.appearance[[clothes]], codes.appearance[[clothes_2]], t_a)
        s = torch.lerp(codes.structure[[body]], codes.structure[[body_2]], t_s)
        tiles, captions, signs = [codes.images[clothes]], ["x_i: clothes"], []
        if t_a > 0:
            tiles.append(codes.images[clothes_2])
            captions.append(f"{t_a:.0%} these")
            signs.append("\N{RIGHTWARDS ARROW}")
        tiles.append(codes.images[body])
        captions.append("x_j: body")
        signs.append("+")
        if t_s > 0:
            tiles.append(codes.images[body_2])
            captions.append(f"{t_s:.0%} this")
            signs.append("\N{RIGHTWARDS ARROW}")
        tiles.append(codes.decode(s, a))
        captions.append("G(a, s)")
        signs.append("=")
        if codes.world is not None and t_a in (0, 1) and t_s in (0, 1):
            givers = codes.keys[clothes_2 if t_a else clothes], codes.keys[body_2 if t_s else body]
            tiles.append(codes.world.render(*givers))
            captions.append("true swap")
            signs.append("?")
        return strip(tiles, captions, signs, title="Swap studio")

    return Interactive(controls, draw)


def factor_studio(model: DGNet, data: ReidData, count: int = PEOPLE, seed: int = 0) -> Interactive:
    """Change one factor of a drawn person and see how far either code moves.

    A code's move is its distance to the code of the unchanged picture, over its mean distance between two of the
    `count` people: 1 is "as far as to somebody else". Raises ValueError: the data set is not drawn.
    """
    if data.world is None:
        raise ValueError("factor_studio changes a factor of a drawn person: it needs Toy Market, dataset='toymarket'")
    codes = Codes(model, data, count, seed)
    apart = [_mean_distance(code) for code in (codes.appearance, codes.structure)]
    table = data.world.factors
    options = {name: _options(table[name]) for name in (*APPEARANCE, *IDENTITY, *NUISANCE) if name != "camera"}
    options = {name: values for name, values in options.items() if len(values) > 1}
    person, factor = slider("person", len(codes.images) - 1), choice("factor", list(options))
    value = choice("becomes", options[factor.value])

    def draw(person: int, factor: str, value: object) -> Picture:
        before = codes.world.redraw(codes.keys[person])
        after = codes.world.redraw(codes.keys[person], **{factor: value})
        pairs = codes.encode(np.stack([before, after]))
        moves = [_distance(*pair) / far for pair, far in zip(pairs, apart, strict=True)]
        return _moves(before, after, moves, f"{factor}: {table.loc[codes.keys[person], factor]} -> {value}")

    def renew(_: object) -> None:
        value.options = options[factor.value]

    factor.observe(renew, names="value")  # before the box listens, or it would draw the old value of the new factor
    return Interactive({"person": person, "factor": factor, "value": value}, draw)


def _options(column: object) -> list:
    values = sorted(set(column))
    if len(values) <= 16:
        return values
    spread = np.quantile(np.array(values, float), np.linspace(0, 1, 7))
    return [int(v) for v in spread] if isinstance(values[0], int | np.integer) else [round(float(v), 3) for v in spread]


def _distance(a: Tensor, b: Tensor) -> float:
    return float((a - b).abs().mean())


def _mean_distance(code: Tensor) -> float:
    return float(np.mean([_distance(code[k], code[k - 1]) for k in range(len(code))]))


@styled
def _moves(before: np.ndarray, after: np.ndarray, moves: list[float], what: str) -> Picture:
    tiles, zoom = fit_tiles(np.stack([before, after]))
    w = tiles.shape[2]
    figure = Picture(figsize=(6.4, 2.2))  # a fixed layout: drawn while a slider moves
    people, axes = figure.add_axes((0.01, 0.04, 0.28, 0.82)), figure.add_axes((0.5, 0.22, 0.48, 0.64))
    people.imshow(montage([tiles], row_gaps=[0], column_gaps=[8 // zoom] * 2), interpolation="nearest")
    people.set_axis_off()
    for n, name in enumerate(("before", "after")):
        people.text(n * (w + 8 // zoom) + w / 2, -2, name, fontweight="bold", ha="center", va="bottom")
    names = ["appearance code a", "structure code s"]
    axes.barh(names, moves, color=[ORANGE, BLUE], height=0.55)
    axes.set_xlim(0, max(1.2, 1.05 * max(moves)))
    axes.axvline(1, color="#8a8a8a", lw=1, ls=":")
    axes.invert_yaxis()
    axes.locator_params("x", nbins=4)
    axes.set_xlabel("how far it moves; 1: as far as to somebody else")
    axes.set_title(what)
    figure.alt_text = (
        f"{what}. The appearance code moves by {moves[0]:.2f}, the structure code by {moves[1]:.2f}, of the "
    )
    figure.alt_text += "distance between two people."
    return figure
