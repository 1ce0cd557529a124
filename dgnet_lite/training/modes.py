"""Who may learn from a forward pass: context managers around a network, and one pass for two purposes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

_BATCH_NORM = (nn.BatchNorm1d, nn.BatchNorm2d, nn.SyncBatchNorm)


@contextmanager
def frozen(*modules: nn.Module) -> Iterator[None]:
    """Inside, the parameters get no gradient; the input still does. It replaces the copy that the release makes."""
    parameters = [p for m in modules for p in m.parameters() if p.requires_grad]
    for p in parameters:
        p.requires_grad_(False)
    try:
        yield
    finally:
        for p in parameters:
            p.requires_grad_(True)


@contextmanager
def running_statistics_kept(*modules: nn.Module) -> Iterator[None]:
    """Inside, a BatchNorm in training mode normalises by the batch, but its running mean and variance stay.

    Generated images would shift them, and at test time there are only real ones.
    """
    norms = [n for m in modules for n in m.modules() if isinstance(n, _BATCH_NORM) and n.track_running_stats]
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True


@contextmanager
def dropout_off(*modules: nn.Module) -> Iterator[None]:
    """Inside, nothing is dropped."""
    layers = [d for m in modules for d in m.modules() if isinstance(d, nn.Dropout) and d.training]
    for layer in layers:
        layer.eval()
    try:
        yield
    finally:
        for layer in layers:
            layer.train()


@contextmanager
def without_graph(*, when: bool = True) -> Iterator[None]:
    """Inside, nothing is recorded for a gradient, if `when`.

    Autocast keeps the weights that it has cast, for later passes; those that it casts here lead to no gradient, so they
    are forgotten at the end.
    """
    with torch.set_grad_enabled(torch.is_grad_enabled() and not when):
        yield
    if when:
        torch.clear_autocast_cache()


def one_pass_for_two(network: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    """network(x), computed once and returned twice: (for the input, for the weights).

    The gradient of the first goes on to x and moves no weight; that of the second goes to the weights and not to x. It
    replaces two passes, one through a frozen network and one of a detached x. Use both before the backward pass, and
    keep the graph of neither: the second's is freed when the backward pass comes to it, after all of the first.
    """
    seen = x.detach().requires_grad_(True)
    y = network(seen)
    return _ToInput.apply(x, seen, y), y


def both(for_the_input: Tensor, for_the_weights: Tensor) -> Tensor:
    """The two of `one_pass_for_two` as one tensor, whose gradient goes to the input and to the weights."""
    return for_the_input + (for_the_weights - for_the_weights.detach())


class _ToInput(torch.autograd.Function):
    """y = network(seen) as a function of x, which has the values of `seen`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, seen: Tensor, y: Tensor) -> Tensor:
        ctx.seen, ctx.y = seen, y
        return y.detach()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (to_x,) = torch.autograd.grad(ctx.y, ctx.seen, gradient, retain_graph=True)
        return to_x, None, None
