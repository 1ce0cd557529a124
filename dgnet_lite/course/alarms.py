"""Three alarms that find the planted faults of lesson 10, and a training as they look at it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from dgnet_lite.training.step import DGNetTask


class Observed:
    """What an alarm may ask of a training: `G`, `teacher`, the swaps of a batch, and the loss of feeding them back."""

    def __init__(self, task: DGNetTask) -> None:
        self.task, self.G, self.teacher = task, task.model.G, task.teacher

    def swaps(self) -> Tensor:
        """x_j^i of the next batch, (B, 3, H, W), with the graph that made them."""
        self._batch = self.task.batches.sample()
        return self.task.model.train().swap(self._batch.x_i, self._batch.x_i[self._batch.partner])

    def feed_back(self, swaps: Tensor) -> Tensor:
        """Eqs. (8) and (9) of these swaps, added, as the training's own step computes them."""
        return sum(self.task._feed_back(self._batch, swaps).values(), swaps.new_zeros(()))


def range_alarm(run: Observed) -> bool:
    """Whether no value of a batch of swaps leaves -1..1, where normalised real pictures do."""
    return bool(run.swaps().detach().abs().max() <= 1)


def teacher_alarm(run: Observed) -> bool:
    """Whether a weight or a statistic of the teacher has moved after it was asked."""
    before = {name: value.clone() for name, value in run.teacher.state_dict().items()}
    run.feed_back(run.swaps())
    return any(not torch.equal(value, before[name]) for name, value in run.teacher.state_dict().items())


def detach_alarm(run: Observed) -> bool:
    """Whether the losses of what is fed back reach G."""
    loss = run.feed_back(run.swaps())
    slopes = torch.autograd.grad(loss, list(run.G.parameters()), allow_unused=True)
    return any(slope is not None for slope in slopes)


ALARMS: dict[str, Callable[[Observed], bool]] = {
    "range": range_alarm,
    "teacher": teacher_alarm,
    "detach": detach_alarm,
}
"""The alarm for each fault of `faults.TASKS`."""
