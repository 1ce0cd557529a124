"""Judge generated swaps by the true ones, which Toy Market can draw and no real data set has.

A swap puts the appearance of image i onto the structure of image j. Much of the picture is x_j's anyway (body, pose,
background), so over the whole image "return x_j unchanged" scores well. Clothes are what has to change: the error
inside them, next to that of the copy, is the number to look at.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from dgnet_lite.evaluation.realism import Images, as_image_batch, psnr, ssim

VISIBLE = 30
"""Grey levels, of 255, by which some channel must differ for a pixel to count as visibly changed."""


def swap_scores(generated: Images, true: Images, copied: Images, clothes: np.ndarray | Tensor) -> dict[str, float]:
    """Scores of generated swaps, and of the trivial baseline that copies the structure image, against the true swaps.

    Args:
        generated: x_j^i, the network's swaps, (N, H, W, 3) uint8, as are `true` and `copied`.
        true: the pictures the swaps are meant to be.
        copied: x_j, the images that gave the structure.
        clothes: (N, H, W) bool, the pixels of visible garments in the true swap.

    Returns: means over images of
        psnr: dB, infinite if a swap is perfect.
        ssim: in -1..1.
        clothes_l1: mean absolute error in 0..1 inside the mask; images whose mask is empty do not count.
        changed_l1: the same where, besides, the true swap differs visibly from x_j: white trousers in place of white
            ones ask nothing of G. NaN if no pixel does.
        copy_psnr, copy_ssim, copy_clothes_l1, copy_changed_l1: the same for `copied`.
        clothes_l1_ratio, changed_l1_ratio: of the swap over the copy; below 1 is better, NaN if the copy is perfect.

    Raises: TypeError, ValueError: the arrays are not of these types and one shape, or all masks are empty.
    """
    inside = clothes_l1(generated, true, clothes).nanmean().item()
    copy_inside = clothes_l1(copied, true, clothes).nanmean().item()
    difference = as_image_batch(copied, "copied").short() - as_image_batch(true, "true").short()
    changed = torch.as_tensor(clothes) & (difference.abs().amax(dim=-1) > VISIBLE).cpu()
    on_changed = clothes_l1(generated, true, changed).nanmean().item() if changed.any() else float("nan")
    copy_on_changed = clothes_l1(copied, true, changed).nanmean().item() if changed.any() else float("nan")
    return {
        "psnr": psnr(generated, true).mean().item(),
        "ssim": ssim(generated, true).mean().item(),
        "clothes_l1": inside,
        "changed_l1": on_changed,
        "copy_psnr": psnr(copied, true).mean().item(),
        "copy_ssim": ssim(copied, true).mean().item(),
        "copy_clothes_l1": copy_inside,
        "copy_changed_l1": copy_on_changed,
        "clothes_l1_ratio": inside / copy_inside if copy_inside > 0 else float("nan"),
        "changed_l1_ratio": on_changed / copy_on_changed if copy_on_changed > 0 else float("nan"),
    }


def clothes_l1(images: Images, true: Images, clothes: np.ndarray | Tensor) -> Tensor:
    """Mean absolute error of each image inside its mask, over pixels and channels, in 0..1.

    Both (N, H, W, 3), uint8; clothes (N, H, W), bool. Returns: (N,), float64; NaN where the mask is empty.
    """
    images, true = as_image_batch(images, "images"), as_image_batch(true, "true")
    clothes = torch.as_tensor(clothes, device=images.device)
    if clothes.dtype != torch.bool or not images.shape == true.shape == (*clothes.shape, 3):
        raise ValueError(
            "images and true swaps must be (N, H, W, 3) and clothes (N, H, W) bool, of one height; got "
            f"{tuple(images.shape)}, {tuple(true.shape)} and {tuple(clothes.shape)} {clothes.dtype}"
        )
    if not clothes.any():
        raise ValueError(
            "no pixel is clothes in any image: take the masks of the same images from ToyMarket.clothes_mask"
        )
    error = (images.double() - true.double()).abs().mean(dim=-1) / 255
    return (error * clothes).sum(dim=(1, 2)) / clothes.sum(dim=(1, 2))


def sample_swap_pairs(ids: np.ndarray, n: int, seed: int | np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw n pairs: image i uniformly, image j uniformly among those of other persons. Pairs may repeat.

    Args:
        ids: (N,), identities as in the file names; distractors (0) and junk (-1) are never drawn.
        n: how many pairs.
        seed: of the draw, or a generator to draw from.

    Returns: i, j, each (n,) int64, indices into `ids`: i gives the appearance, j the structure.

    Raises: ValueError: fewer than two identities.
    """
    ids = np.asarray(ids)
    candidates = np.flatnonzero(ids > 0)
    candidates = candidates[np.argsort(ids[candidates], kind="stable")]
    sorted_ids = ids[candidates]
    if len(np.unique(sorted_ids)) < 2:
        raise ValueError("a swap needs images of at least two identities (ids > 0): pass the ids of the whole split")

    generator = np.random.default_rng(seed)
    i = generator.integers(len(candidates), size=n)
    start, stop = (np.searchsorted(sorted_ids, sorted_ids[i], side=side) for side in ("left", "right"))
    # Walking on from the end of i's own block, around the corner, meets all images of others and none of its own.
    steps = generator.integers(len(candidates) - (stop - start))
    j = (stop + steps) % len(candidates)
    return candidates[i], candidates[j]
