"""DG-Net: the model. Encode, decode, swap; nothing about training."""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor, nn

from dgnet_lite.config import NetworkConfig
from dgnet_lite.networks.appearance import AppearanceEncoder
from dgnet_lite.networks.backbone import build_backbone
from dgnet_lite.networks.discriminator import MultiScaleDiscriminator
from dgnet_lite.networks.generator import Generator
from dgnet_lite.networks.structure import StructureEncoder, grey
from dgnet_lite.networks.teacher import Teacher


class DGNet(nn.Module):
    """E_a, E_s, G and D of Fig. 2. Images are (B, 3, H, W), ImageNet-normalised, H and W divisible by 16.

    >>> model = DGNet(config.networks, num_ids=751)
    >>> x_j_with_clothes_of_i = model.swap(x_i, x_j)
    """

    def __init__(self, c: NetworkConfig, num_ids: int) -> None:
        super().__init__()
        self.config = c
        backbone = build_backbone(
            c.backbone, weights=c.backbone_weights, width=c.backbone_width, last_stride=c.last_stride
        )
        self.E_a = AppearanceEncoder(
            backbone, num_ids, c.feature_dim, c.head_pool, dropout=(c.dropout_prim, c.dropout_fine)
        )
        self.E_s = StructureEncoder(
            c.structure_width, c.structure_channels, c.downsamplings, c.structure_dilations, c.aspp
        )
        self.G = Generator(
            self.E_a.code_channels,
            c.structure_channels,
            c.downsamplings,
            c.generator_dilations,
            c.upsampling_kernel,
            c.mlp_width,
            c.code_slices,
            start_as_instance_norm=c.adain_start == "instance_norm",
        )
        self.D = MultiScaleDiscriminator(c.discriminator_width, c.discriminator_scales, c.discriminator_blocks)

    def encode_appearance(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b c 4 1"]:
        """a = E_a(x), (B, 2048, 4, 1) at full scale."""
        return self.E_a.code(x)

    def encode_structure(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b c h2 w2"]:
        """s = E_s(grey(x)), (B, 128, 64, 32) at full scale."""
        return self.E_s(grey(x))

    def decode(
        self,
        structure: Float[Tensor, "s c h w"],
        appearance: Float[Tensor, "b k 4 1"],
        rows: Int[Tensor, " b"] | None = None,
    ) -> Float[Tensor, "b 3 h2 w2"]:
        """G(a, s); with `rows`, appearance k is put on structure rows[k], otherwise on structure k."""
        return self.G(structure, appearance, rows)

    def swap(self, x_i: Float[Tensor, "b 3 h w"], x_j: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """x_j^i = G(a_i, s_j): the clothes of x_i on the body and place of x_j."""
        return self.decode(self.encode_structure(x_j), self.encode_appearance(x_i))

    def features(self, x: Float[Tensor, "b 3 h w"]) -> tuple[Tensor, Tensor]:
        """(f_prim, f_fine)."""
        return self.E_a.features(x)

    def logits(self, x: Float[Tensor, "b 3 h w"]) -> tuple[Tensor, Tensor]:
        """Class scores of both heads, (B, K) each."""
        out = self.E_a(x)
        return out.logits_prim, out.logits_fine

    def discriminate(self, x: Float[Tensor, "b 3 h w"]) -> list[Tensor]:
        """Patch scores at each scale, largest map first."""
        return self.D(x)


def build_teacher(c: NetworkConfig, num_ids: int) -> Teacher:
    """The baseline CNN with the same kind of backbone as E_a."""
    backbone = build_backbone(
        c.backbone, weights=c.backbone_weights, width=c.backbone_width, last_stride=c.teacher_last_stride
    )
    return Teacher(backbone, num_ids, c.feature_dim, c.teacher_pool, c.dropout_teacher)


def count_parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())
