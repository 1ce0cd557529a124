"""The small parts that E_s, G and D are made of."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from dgnet_lite.networks.twice import Conv


def conv(in_channels: int, out_channels: int, kernel: int = 3, *, stride: int = 1, dilation: int = 1) -> nn.Conv2d:
    """Convolution that keeps H x W at stride 1; reflection at the border, so that no dark frame is learnt."""
    kind = Conv if dilation == 1 else nn.Conv2d
    return kind(
        in_channels,
        out_channels,
        kernel,
        stride,
        padding=dilation * (kernel // 2),
        dilation=dilation,
        padding_mode="reflect" if kernel > 1 else "zeros",
    )


def lrelu() -> nn.LeakyReLU:
    """LeakyReLU with slope 0.2, written over its input, which the layer before it does not need again."""
    return nn.LeakyReLU(0.2, inplace=True)


class InstanceNorm(nn.InstanceNorm2d):
    """The library's layer without parameters, by the faster kernel. Shape: (B, C, H, W) in and out."""

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        return instance_norm(x, self.eps)


def instance_norm(x: Float[Tensor, "b c h w"], eps: float = 1e-5) -> Float[Tensor, "b c h w"]:
    """What `F.instance_norm` does, by the kernel of group norm with one channel a group, which is faster on the CPU."""
    return F.group_norm(x.contiguous(), x.shape[1], eps=eps)


def conv_in_lrelu(in_channels: int, out_channels: int, kernel: int = 3, **kwargs: int) -> nn.Sequential:
    """Convolution, instance norm (no parameters), LeakyReLU 0.2: the brick of E_s."""
    return nn.Sequential(conv(in_channels, out_channels, kernel, **kwargs), InstanceNorm(out_channels), lrelu())


class ResidualBlock(nn.Module):
    """x + conv(act(conv(x))), with instance norm after each convolution (E_s) or with none (D).

    Shape: (B, C, H, W) in and out.
    """

    def __init__(self, channels: int, *, norm: bool, dilation: int = 1) -> None:
        super().__init__()

        def normalise() -> nn.Module:
            return InstanceNorm(channels) if norm else nn.Identity()

        self.body = nn.Sequential(
            conv(channels, channels, dilation=dilation),
            normalise(),
            lrelu(),
            conv(channels, channels, dilation=dilation),
            normalise(),
        )

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        return x + self.body(x)


def adain(
    x: Float[Tensor, "b c h w"], scale: Float[Tensor, "b c"], bias: Float[Tensor, "b c"], eps: float = 1e-5
) -> Float[Tensor, "b c h w"]:
    """Adaptive instance normalisation: remove each channel's mean and deviation, put in `scale` and `bias`.

    Source: Huang and Belongie 2017; `scale` is used as it comes, without "1 +" (release).
    """
    return told(instance_norm(x, eps), scale, bias)


def told(x: Float[Tensor, "b c h w"], scale: Float[Tensor, "b c"], bias: Float[Tensor, "b c"]) -> Tensor:
    """The second half of `adain`: each channel of each image times its scale, plus its bias."""
    return x * scale[:, :, None, None] + bias[:, :, None, None]


class AdaINResidualBlock(nn.Module):
    """Residual block whose two norms are AdaIN. `scale` and `bias` are (B, 2C): first half for the first norm.

    Source: Sec. 4.1 (iii), "every residual block contains two adaptive instance normalization layers".
    """

    def __init__(self, channels: int, *, dilation: int = 1) -> None:
        super().__init__()
        self.conv1 = conv(channels, channels, dilation=dilation)
        self.conv2 = conv(channels, channels, dilation=dilation)

    def forward(
        self,
        x: Float[Tensor, "b c h w"],
        scale: Float[Tensor, "b c2"],
        bias: Float[Tensor, "b c2"],
        begun: Float[Tensor, "b c h w"] | None = None,
    ) -> Float[Tensor, "b c h w"]:
        """`begun` is `begin(x)` where it is known."""
        scale1, scale2 = scale.chunk(2, dim=1)
        bias1, bias2 = bias.chunk(2, dim=1)
        y = F.leaky_relu_(told(self.begin(x) if begun is None else begun, scale1, bias1), 0.2)
        return x + adain(self.conv2(y), scale2, bias2)

    def begin(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """What the block does before it hears of scale and bias: the same for every appearance."""
        return instance_norm(self.conv1(x))


class LayerNorm2d(nn.Module):
    """Normalise each image over (C, H, W), then one gain and one offset per channel.

    It keeps the ratios between channels, where AdaIN has put the appearance; instance norm would wipe them out.
    The release adds 1e-5 to the deviation; eps = 1e-10 on the variance does the same within 1e-5, in one fused kernel.
    """

    def __init__(self, channels: int, eps: float = 1e-10) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))
        self.eps = eps

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        return F.group_norm(x, 1, self.gamma, self.beta, self.eps)
