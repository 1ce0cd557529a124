"""Who may learn from a forward pass: context managers around a network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

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
