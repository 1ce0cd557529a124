"""Doubling an image and convolving it, in less than half of the multiplications and with the same result."""

from __future__ import annotations

import functools
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

# Which of the k weights of a row meet which small pixel, for the even and the odd pixels of the result.
# For k = 3 the odd ones come first: `doubled_conv` cuts one row off, which puts them in their place.
FOLDS = {
    3: (((1, 1, 0), (0, 0, 1)), ((1, 0, 0), (0, 1, 1))),
    5: (
        ((1, 1, 0, 0, 0), (0, 0, 1, 1, 0), (0, 0, 0, 0, 1)),
        ((1, 0, 0, 0, 0), (0, 1, 1, 0, 0), (0, 0, 0, 1, 1)),
    ),
}


class DoubledConv(nn.Conv2d):
    """Nearest-neighbour upsampling by 2, then a k x k convolution with reflection at the border.

    With `folded`, k = 3 and 5 are computed on the small image, see `doubled_conv`. Other sizes go the long way.
    Shape: (B, C, H, W) -> (B, C', 2H, 2W), H and W at least 2.
    """

    folded = True

    def __init__(self, in_channels: int, out_channels: int, kernel: int) -> None:
        super().__init__(in_channels, out_channels, kernel, padding=kernel // 2, padding_mode="reflect")

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k h2 w2"]:
        if self.folded and self.kernel_size[0] in FOLDS:
            return doubled_conv(x, self.weight, self.bias)
        return super().forward(F.interpolate(x, scale_factor=2))


def doubled_conv(
    x: Float[Tensor, "b c h w"], weight: Float[Tensor, "o c k k"], bias: Float[Tensor, " o"]
) -> Float[Tensor, "b o h2 w2"]:
    """`conv2d(pad(interpolate(x, scale_factor=2), reflect), weight, bias)` for k = 3 or 5, without the large image.

    After nearest-neighbour doubling two neighbours are equal, so the weights that meet the same small pixel can be
    added first. Each small pixel has four pixels of the result, and each of the four its own small kernel: 2 x 2 in
    place of 3 x 3, and 3 x 3 in place of 5 x 5, that is 4/9 and 9/25 of the multiplications.

    Repeating the border of the small image is the same as reflecting the large one, but for k = 5 in the outermost
    ring, where reflection reaches one pixel further. There the long way is taken.
    """
    sums = fold(weight.shape[-1], weight.device, weight.dtype)
    four = torch.einsum("pas,qbt,oist->opqiab", sums, sums, weight).flatten(0, 2)  # (4o, c, 2, 2) or (4o, c, 3, 3)
    if weight.is_contiguous(memory_format=torch.channels_last):
        four = four.contiguous(memory_format=torch.channels_last)
    y = F.conv2d(_border_repeated(x), four, bias.repeat_interleave(4))
    y = F.pixel_shuffle(y, 2)
    if weight.shape[-1] == 3:
        return y[:, :, 1:-1, 1:-1]
    rows, columns = _border_rows(x, weight, bias), _border_rows(x.mT, weight.mT, bias).mT
    y[:, :, :: y.shape[2] - 1] = rows
    y[:, :, :, :: y.shape[3] - 1] = columns
    return y


def _border_repeated(x: Tensor) -> Tensor:
    """One row or column more on each side, (B, C, H + 2, W + 2)."""
    if not torch.compiler.is_compiling():
        return F.pad(x, (1, 1, 1, 1), mode="replicate")
    x = torch.cat([x[:, :, :1], x, x[:, :, -1:]], dim=2)  # the same; PyTorch 2.15 cannot compile the gradient of that
    return torch.cat([x[..., :1], x, x[..., -1:]], dim=3)


def fold(kernel: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """`FOLDS` of this kernel, (2, 2 or 3, kernel)."""
    return _kept(FOLDS[kernel], device, dtype)


def border(height: int, device: torch.device) -> Tensor:
    """Rows of the small image that the first and the last row of the result see, (10,)."""
    return _kept((1, 0, 0, 0, 1, *(height - k for k in (2, 1, 1, 1, 2))), device, torch.long)


@functools.cache  # bringing numbers to a GPU makes the processor wait for it
def _kept(numbers: tuple[Any, ...], device: torch.device, dtype: torch.dtype) -> Tensor:
    return torch.tensor(numbers, device=device, dtype=dtype)


def _border_rows(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The first and the last row of the result for k = 5, (B, O, 2, 2W)."""
    seen = x.index_select(2, border(x.shape[2], x.device)).unflatten(
        2, (2, 5)
    )  # (B, C, 2, 5, W): the large image is reflected there
    strips = F.interpolate(seen.transpose(1, 2).flatten(0, 1), scale_factor=(1, 2))  # (2B, C, 5, 2W)
    y = F.conv2d(F.pad(strips, (2, 2, 0, 0), mode="reflect"), weight, bias)
    return y.squeeze(2).unflatten(0, (len(x), 2)).transpose(1, 2)
