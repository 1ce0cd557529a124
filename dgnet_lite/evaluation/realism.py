"""How close two pictures are: PSNR and SSIM, image by image (torchmetrics)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

DATA_RANGE = 255.0  # uint8
SSIM_SIGMA = 1.5  # of the Gaussian window, in pixels
SSIM_WINDOW = 11  # pixels; torchmetrics derives it from sigma

Images = np.ndarray | Tensor


def psnr(images: Images, reference: Images) -> Float[Tensor, " n"]:
    """Peak signal-to-noise ratio of each image, in dB, over its pixels and channels, peak 255. Higher is closer.

    Both (N, H, W, 3), uint8. Returns: (N,), float32; infinite where the two are equal.
    Raises: TypeError, ValueError: not uint8, not (N, H, W, 3), not of one shape, or no images.
    """
    return _image_by_image(_psnr, images, reference)


def ssim(images: Images, reference: Images) -> Float[Tensor, " n"]:
    """Structural similarity (Wang et al. 2004) of each image, the mean over its RGB channels. 1 where they are equal.

    As in the original article: a Gaussian window of 11 x 11 pixels (sigma 1.5), which the smallest pictures here
    (64 x 32) still hold, data range 255, k1 = 0.01, k2 = 0.03, and the mean over the windows that lie within the image.
    (torchmetrics by itself adds windows that hang over the border, filled by mirroring: two fifths of all at 64 x 32.)

    Both (N, H, W, 3), uint8, H and W at least 11. Returns: (N,), float32 and exact to about 1e-4, in -1..1.
    Raises: TypeError, ValueError: as `psnr`, or an image is smaller than the window.
    """
    if images.ndim == 4 and min(images.shape[1:3]) < SSIM_WINDOW:
        raise ValueError(
            f"SSIM needs images of at least {SSIM_WINDOW} x {SSIM_WINDOW} pixels, the size of its window; "
            f"got {images.shape[1]} x {images.shape[2]}"
        )
    return _image_by_image(_ssim, images, reference)


def _ssim(x: Tensor, y: Tensor) -> Tensor:
    from torchmetrics.functional.image import structural_similarity_index_measure  # slow to import

    _, of_each_window = structural_similarity_index_measure(
        x, y, sigma=SSIM_SIGMA, data_range=DATA_RANGE, reduction="none", return_full_image=True
    )
    border = SSIM_WINDOW // 2
    return of_each_window[:, :, border:-border, border:-border].mean(dim=(1, 2, 3))


def _psnr(x: Tensor, y: Tensor) -> Tensor:
    from torchmetrics.functional.image import peak_signal_noise_ratio  # slow to import

    return peak_signal_noise_ratio(x, y, data_range=DATA_RANGE, reduction="none", dim=(1, 2, 3))


def _image_by_image(
    measure: Callable[[Tensor, Tensor], Tensor], images: Images, reference: Images, batch_size: int = 128
) -> Tensor:
    """Apply `measure` to float (B, 3, H, W) batches, a few at a time to bound the memory."""
    images, reference = as_image_batch(images, "images"), as_image_batch(reference, "reference")
    if images.shape != reference.shape:
        raise ValueError(
            f"compare images of one shape: got {tuple(images.shape)} and {tuple(reference.shape)}; "
            "render or resize them to one height"
        )
    pairs = zip(images.split(batch_size), reference.split(batch_size), strict=True)
    return torch.cat([measure(_channels_first(x), _channels_first(y)).reshape(-1) for x, y in pairs])


def as_image_batch(images: Images, name: str) -> Tensor:
    """The images as a uint8 tensor (N, H, W, 3), N > 0; TypeError or ValueError, with their name, if they are not."""
    images = torch.as_tensor(images)
    if images.dtype != torch.uint8:
        raise TypeError(f"{name} must be uint8 in 0..255, got {images.dtype}: use denormalise on a network's output")
    if images.ndim != 4 or images.shape[-1] != 3 or len(images) == 0:
        raise ValueError(f"{name} must be (N, H, W, 3) with N > 0, got {tuple(images.shape)}")
    return images


def _channels_first(images: Tensor) -> Tensor:
    return images.permute(0, 3, 1, 2).float().contiguous()
