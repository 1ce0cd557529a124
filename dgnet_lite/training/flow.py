"""Who learns from which loss: a table found by autograd in a training step, for any config.

It shows what the recipes differ in most and what no loss curve tells: where each gradient ends.

>>> gradient_flow(Config.preset("official")).loc["id_c", "G"]
'always'
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from dgnet_lite.config import Config
from dgnet_lite.data.batches import Batches
from dgnet_lite.dgnet import DGNet, build_teacher
from dgnet_lite.presets import SCALES
from dgnet_lite.training.step import DGNetTask

LOSSES = ("img1", "img2", "id_s", "fine_real", "adv", "id_c", "code1", "code2", "cycle", "prim", "fine", "D")
PARTS = ("E_a backbone", "f_prim head", "f_fine head", "E_s", "G", "D")
ALWAYS, SOMETIMES, NEVER, UNUSED = "always", "sometimes", "never", "not used"
COINS = 6
"""Steps that are looked at where a coin decides."""

SMALL: dict[str, Any] = {k: v for k, v in SCALES["smoke"].items() if k.startswith("networks.")}
SMALL |= {"data.height": 64, "data.pad": 2, "optim.batch_size": 4, "optim.bfloat16": False}


class Witness(DGNetTask):
    """A training step whose optimizers stand still: it notes which parts each loss has a gradient for."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.reached: dict[str, set[str]] = {}
        """The parts with a gradient, by the name of the loss, of the last step."""

    def update(self, step: int) -> dict[str, Tensor]:
        self.reached = {}
        return super().update(step)

    def add_gradients(self, weights: dict[str, float], losses: dict[str, Tensor]) -> None:
        parameters = [(part, p) for part, module in parts(self.model).items() for p in module.parameters()]
        for name, loss in losses.items():
            if weights.get(name, 0) > 0 and name not in self.reached:  # detached where it comes again
                found = with_gradient(loss, [p for _, p in parameters])
                self.reached[name] = {part for (part, _), has in zip(parameters, found, strict=True) if has}

    def move(self, *names: str) -> None:
        pass


def parts(model: DGNet) -> dict[str, nn.Module]:
    """The modules that `PARTS` names."""
    e_a = model.E_a
    return dict(zip(PARTS, (e_a.backbone, e_a.prim, e_a.fine, model.E_s, model.G, model.D), strict=True))


def with_gradient(loss: Tensor, tensors: list[Tensor]) -> list[bool]:
    """Whether the gradient of `loss` is other than zero, for each of the tensors. The graph stays."""
    if not loss.requires_grad:
        return [False] * len(tensors)
    gradients = torch.autograd.grad(loss, tensors, retain_graph=True, allow_unused=True)
    return [g is not None and bool(g.any()) for g in gradients]


def gradient_flow(config: Config) -> pd.DataFrame:
    """Which parts of the model get a gradient from which loss, in the training step of `config` itself.

    Rows are `LOSSES`, by their names in training/step.py; columns are `PARTS`. Cells are "always", "sometimes" (by the
    coin of `code2_alternates`), "never", or "not used" where the weight of the loss is 0. The row "D" is what D
    minimises, with the gradient punishment.

    The step is one at the end of the run, where every loss of the recipe acts. Only the networks, the images and the
    batch are made as small as at the scale `smoke`, and the images are noise: the way of a gradient does not depend on
    them. No weight is moved, and the caller's random numbers stay as they are.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        witness = new_witness(config)
        step = last_punished_step(witness.config)
        updates = COINS if config.losses.code2_alternates else 1
        times: Counter[tuple[str, str]] = Counter()
        for _ in range(updates):
            witness.update(step)
            times.update((loss, part) for loss, reached in witness.reached.items() for part in reached)

    def cell(loss: str, part: str) -> str:
        if loss not in witness.reached:
            return UNUSED
        return {0: NEVER, updates: ALWAYS}.get(times[loss, part], SOMETIMES)

    rows = [[cell(loss, part) for part in PARTS] for loss in LOSSES]
    return pd.DataFrame(rows, index=pd.Index(LOSSES, name="loss"), columns=PARTS)


def new_witness(config: Config) -> Witness:
    """A witness of `config` with small networks and a batch of noise: two images of each of four people."""
    c = config.replace(**SMALL)
    images = torch.randint(0, 256, (8, c.data.height, c.data.height // 2, 3), dtype=torch.uint8)
    labels, cameras = np.arange(8) // 2, np.arange(8) % 2
    settings = {"pad": c.data.pad, "positives": c.data.positives, "partners": c.data.partners}
    batches = Batches(images, labels, cameras, batch_size=c.optim.batch_size, seed=0, **settings)
    return Witness(DGNet(c.networks, num_ids=4), build_teacher(c.networks, num_ids=4), batches, c)


def last_punished_step(config: Config) -> int:
    """The last step of the run in which D is punished for its gradient."""
    every = config.losses.punishment_every
    return (config.optim.steps - 1) // every * every
