"""The teacher: the baseline CNN, trained with the identification loss alone."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from dgnet_lite.networks.appearance import STRIPES, AppearanceEncoder, Head, Pool, pool


class Teacher(nn.Module):
    """Backbone, global pool, one head: image (B, 3, H, W) -> class scores (B, K).

    It is the "Baseline" row of Table 3, and it gives generated images their soft labels (eq. 8).
    Source: Sec. 3.2; stride 2 and average pool: release.
    """

    def __init__(
        self, backbone: nn.Module, num_ids: int, feature_dim: int = 512, head_pool: Pool = "avg", dropout: float = 0.5
    ) -> None:
        super().__init__()
        self.backbone, self.head_pool = backbone, head_pool
        self.head = Head(backbone.out_channels, num_ids, feature_dim, dropout)

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b k"]:
        return self.head(pool(self.backbone(x), self.head_pool))[1]

    def features(self, x: Float[Tensor, "b 3 h w"]) -> tuple[Tensor]:
        return (self.head.embed(pool(self.backbone(x), self.head_pool)),)

    def heads(self) -> list[nn.Parameter]:
        return list(self.head.parameters())


def start_from_teacher(encoder: AppearanceEncoder, teacher: Teacher) -> None:
    """Copy the teacher's backbone into E_a, and its head into both heads of E_a.

    Where no ImageNet weights exist (the small backbone), this is what pre-training is to ResNet50. Heads that read the
    code read the mean of a channel's stripes where the teacher reads the channel.
    """
    encoder.backbone.load_state_dict(teacher.backbone.state_dict())
    head = dict(teacher.head.state_dict())
    if encoder.head_pool == "code":
        head["embed.0.weight"] = head["embed.0.weight"].repeat_interleave(STRIPES, dim=1) / STRIPES
    encoder.prim.load_state_dict(head)
    encoder.fine.load_state_dict(head)
