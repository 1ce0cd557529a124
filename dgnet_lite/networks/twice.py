"""Convolution for networks whose gradient is differentiated again, as D's is by the gradient punishment.

PyTorch differentiates a convolution's gradient by a convolution whose kernel is a whole feature map, 256 x 128 weights
in D's first layers. That is right and slow: the same numbers are a gradient by the weights, for which it has kernels.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.grad import conv2d_input, conv2d_weight


class Conv(nn.Conv2d):
    """`nn.Conv2d` in every way but one: in `twice`, the gradient of its gradient is cheap. Neither dilated nor grouped.

    Shape: (B, C, H, W) -> (B, C', H/stride, W/stride), with the padding that keeps H x W at stride 1.
    """

    twice = False

    def _conv_forward(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if not self.twice:
            return super()._conv_forward(x, weight, bias)
        if any(self.padding):
            mode = "constant" if self.padding_mode == "zeros" else self.padding_mode
            x = F.pad(x, self._reversed_padding_repeated_twice, mode=mode)
        return _Convolution.apply(x, weight, bias, self.stride)


@contextmanager
def twice(network: nn.Module) -> Iterator[None]:
    """Inside, gradients of `network` by its input that are asked for with `create_graph` can be differentiated fast.

    They are by the input alone: the weights get no gradient that can be differentiated again.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, Conv)]
    for layer in layers:
        layer.twice = True
    try:
        yield
    finally:
        for layer in layers:
            layer.twice = False


class _Convolution(torch.autograd.Function):
    """Convolution without padding, dilation and groups."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, stride: tuple[int, ...]) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stride = stride
        return F.conv2d(x, weight, bias, stride)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        if torch.is_grad_enabled():  # create_graph: by the input alone
            return _ToInput.apply(gradient, weight, x.shape, ctx.stride), None, None, None
        all_three = torch.ops.aten.convolution_backward  # at once
        no, one, wanted = [0, 0], [1, 1], list(ctx.needs_input_grad[:3])
        return *all_three(gradient, x, weight, [len(weight)], ctx.stride, no, one, False, no, 1, wanted), None


class _ToInput(torch.autograd.Function):
    """What a convolution hands back to its input. It is linear, and so is its own gradient: a convolution again."""

    @staticmethod
    def forward(ctx: Any, gradient: Tensor, weight: Tensor, shape: torch.Size, stride: tuple[int, ...]) -> Tensor:
        ctx.save_for_backward(gradient, weight)
        ctx.stride = stride
        return conv2d_input(shape, weight, gradient, stride)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, direction: Tensor) -> tuple[Tensor | None, ...]:
        gradient, weight = ctx.saved_tensors
        wanted = ctx.needs_input_grad
        to_gradient = F.conv2d(direction, weight, None, ctx.stride) if wanted[0] else None
        to_weight = conv2d_weight(direction, weight.shape, gradient, ctx.stride) if wanted[1] else None
        return to_gradient, to_weight, None, None
