"""What to look at while DG-Net trains: a few numbers on people it never sees, cheap enough to take again and again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dgnet_lite.data.load import ReidData
from dgnet_lite.dgnet import DGNet
from dgnet_lite.evaluation.disentangle import clothes_l1, sample_swap_pairs
from dgnet_lite.study import generate, retrieval


@dataclass(frozen=True)
class Reading:
    """One look: Rank@1 and mAP (fractions) of both features together, the error inside the clothes, and some swaps.

    `clothes`: mean absolute error in 0..1 of the swap inside the garments, over that of "x_j unchanged"; NaN where no
    true swap can be drawn. `generated`: uint8 (N, H, W, 3), the first pairs of `Monitor`.
    """

    rank1: float
    mAP: float
    clothes: float
    generated: np.ndarray


class Monitor:
    """Fixed pairs of test images, their true swaps, and the test set's ranking.

    Args:
        data: the test people are those of its query.
        beta: weight of f_fine.
        pairs: how many swaps are judged. The first `shown` of them are kept as pictures.
        seed: of the pairs.

    x_i, x_j: uint8 (N, H, W, 3), who gives clothes and body; true: the true swaps, None but on Toy Market.
    """

    def __init__(self, data: ReidData, beta: float = 0.5, pairs: int = 64, shown: int = 6, seed: int = 0) -> None:
        self.data, self.beta, self.shown = data, beta, shown
        i, j = sample_swap_pairs(data.index.query.ids, pairs, np.random.default_rng(seed))
        self.x_i, self.x_j, self.true = data.query[i], data.query[j], None
        if data.world is not None:
            keys = [data.world.key(path) for path in data.index.query.paths]
            self.true = data.world.render_many([(keys[a], keys[b]) for a, b in zip(i, j, strict=True)], workers=1)
            self.clothes = np.stack([data.world.clothes_mask(keys[b]) for b in j])
            self.copy = clothes_l1(self.x_j, self.true, self.clothes).nanmean().item()

    def read(self, model: DGNet) -> Reading:
        """Look once. The model is left in the mode it was in."""
        generated = generate(model, self.x_i, self.x_j)
        ratio = float("nan")
        if self.true is not None:
            ratio = clothes_l1(generated, self.true, self.clothes).nanmean().item() / self.copy
        scores = retrieval(model.E_a, self.data, self.beta)["both"]
        return Reading(scores["rank1"], scores["mAP"], ratio, generated[: self.shown])
