"""In which precision the forward passes run: bfloat16 where the device computes in it, float32 elsewhere."""

from __future__ import annotations

import functools

import torch


@functools.cache
def bfloat16_pays(device_type: str) -> bool:
    """Whether this machine multiplies in bfloat16 by itself.

    A processor with AVX2 alone does not: PyTorch then falls back to reference kernels, in which a convolution of the
    `toy` networks with its gradient took twelve times as long as in float32.
    """
    if device_type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # Private, but it is what PyTorch's own tests ask; there is no public name for it.
    return torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()


def precision(device: torch.device | str, wanted: bool = True) -> str:
    """Of the forward passes on `device` when the configuration says `bfloat16=wanted`: "bfloat16" or "float32"."""
    return "bfloat16" if wanted and bfloat16_pays(torch.device(device).type) else "float32"


def autocast(device: torch.device | str, wanted: bool) -> torch.autocast:
    """The context of the forward passes: bfloat16 if wanted and native on `device`, else nothing changes."""
    enabled = precision(device, wanted) == "bfloat16"
    return torch.autocast(torch.device(device).type, torch.bfloat16, enabled=enabled)
