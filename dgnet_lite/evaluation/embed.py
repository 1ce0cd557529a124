"""From images to the features that retrieval compares (paper, Sec. 3.3; release, test time)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from dgnet_lite.data.batches import normalise
from dgnet_lite.progress import progress as progress_bar


def embed(
    model: nn.Module,
    images: np.ndarray | Tensor,
    *,
    batch_size: int = 256,
    device: torch.device | str | None = None,
    progress: bool = False,
) -> tuple[Tensor, ...]:
    """Features of the images, one tensor per head of the model.

    Each image is seen twice, as it is and mirrored; each view's feature is L2-normalised, the two are summed and the
    sum is normalised again. The model runs in eval mode (BatchNorm on its running statistics, no dropout) and is left
    as it was found, module by module.

    Args:
        model: has `features(x) -> (f_1, f_2, ...)`, x (B, 3, H, W) ImageNet-normalised, f_k (B, d_k).
        images: (N, H, W, 3), uint8, RGB.
        batch_size: images per forward pass.
        device: where the model is; by default, where its first parameter is.
        progress: show a progress bar.

    Returns: per head (N, d_k), float32, rows of length 1, on `device`.

    Raises:
        TypeError: the model has no `features`, or the images are not uint8.
        ValueError: the images are not (N, H, W, 3), or there are none.
    """
    if not callable(getattr(model, "features", None)):
        raise TypeError(
            f"{type(model).__name__} has no method features(x) -> (f_1, f_2, ...): pass the appearance encoder or the "
            "teacher, not the whole DG-Net"
        )
    if images.dtype not in (np.uint8, torch.uint8):
        raise TypeError(f"images must be uint8 in 0..255, as read_images returns them; got {images.dtype}")
    if images.ndim != 4 or images.shape[-1] != 3 or len(images) == 0:
        raise ValueError(f"images must be (N, H, W, 3) with N > 0; got {tuple(images.shape)}")
    device = torch.device(device) if device is not None else _device_of(model)

    batches = []
    starts = range(0, len(images), batch_size)
    with torch.no_grad(), eval_mode(model):
        for start in progress_bar(starts, show=progress, desc="embedding", unit="batch"):
            x = normalise(torch.as_tensor(images[start : start + batch_size]).to(device))
            views = zip(model.features(x), model.features(x.flip(-1)), strict=True)
            batches.append([_unit(_unit(plain) + _unit(mirrored)) for plain, mirrored in views])
    return tuple(torch.cat(head) for head in zip(*batches, strict=True))


def combine(
    f_prim: Float[Tensor, "n d_prim"], f_fine: Float[Tensor, "n d_fine"], beta: float = 0.5
) -> Float[Tensor, "n d"]:
    """One feature out of two, so that `query @ gallery.T` is cos_prim + beta * cos_fine.

    The release multiplies the fine half of the query alone by beta. Here query and gallery both carry sqrt(beta): the
    products are the same, every image is treated alike, and, as all rows have the length sqrt(1 + beta), Euclidean
    distance gives the same ranking.

    Args:
        f_prim, f_fine: (N, d_prim), (N, d_fine), any length of rows; they are L2-normalised here.
        beta: weight of the fine-grained feature, >= 0; 0.5 in the paper.

    Returns: (N, d_prim + d_fine).
    """
    if beta < 0:
        raise ValueError(f"beta weighs the fine-grained similarity and must be at least 0; got {beta}")
    return torch.cat([_unit(f_prim), beta**0.5 * _unit(f_fine)], dim=1)


@contextmanager
def eval_mode(module: nn.Module) -> Iterator[None]:
    """Within the block the module is in eval mode; afterwards every submodule is in the mode it was in before."""
    was_training = {part: part.training for part in module.modules()}
    module.eval()
    try:
        yield
    finally:
        for part, training in was_training.items():
            part.training = training


def _unit(features: Tensor) -> Tensor:
    return F.normalize(features.float(), dim=1)


def _device_of(model: nn.Module) -> torch.device:
    parameter = next(model.parameters(), None)
    return parameter.device if parameter is not None else torch.device("cpu")
