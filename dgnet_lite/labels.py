"""What a generated image x_j^i is taken to be an image of: the rows q(k | x_j^i) of eq. (8), in five styles.

The image is made of two persons: i gave the appearance, j the structure. The paper lets a teacher say, image by image,
how much of each person it sees, and argues against fixed labels in one sentence (Sec. 3.2): "In comparison with the
fixed one-hot label [30, 59] or static smoothing label [54], this dynamic soft labeling fits better in our case". Its
tables have none of them. The numbers in brackets are its references.

Each function takes p, (B, K): the teacher's probabilities of x_j^i; y_i and y_j, (B,): the labels of who gave the
appearance and the structure. Each returns (B, K), rows that are not negative and sum to 1, in the dtype of p. With a
label of one class, eq. (8) is the cross-entropy of that class.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

Probabilities = Float[Tensor, "b k"]
Labels = Int[Tensor, " b"]


def soft(p: Probabilities, y_i: Labels, y_j: Labels) -> Probabilities:
    """q(k) = p(k): dynamic and soft. Source: eq. (8), the paper's own; the release's default too."""
    return p


def one_hot(p: Probabilities, y_i: Labels, y_j: Labels) -> Probabilities:
    """q(k) = [k = y_i]: fixed. Whoever is dressed like i is i.

    Source: [30] (PN-GAN), which gives a generated image the label of the one image it was made from. Here there are
    two, and eq. (6) asks for y_i, so y_i it is.
    """
    return F.one_hot(y_i, p.shape[1]).to(p.dtype)


def pseudo(p: Probabilities, y_i: Labels, y_j: Labels) -> Probabilities:
    """q(k) = [k = argmax p]: dynamic and hard, the teacher's first choice, be it i, j or a third person.

    Source: the pseudo labels of self-training, [59] and Lee 2013, against which [54] sets LSRO. There a network labels
    for itself; here the teacher labels for E_a. Of equal probabilities the lower class counts.
    """
    return F.one_hot(p.argmax(dim=1), p.shape[1]).to(p.dtype)


def lsro(p: Probabilities, y_i: Labels, y_j: Labels) -> Probabilities:
    """q(k) = 1 / K: static and smooth; the image belongs to nobody more than to anybody else.

    Source: label smoothing regularisation for outliers, [54], made for images that a GAN drew from noise.
    """
    return torch.full_like(p, 1 / p.shape[1])


def two_label(p: Probabilities, y_i: Labels, y_j: Labels) -> Probabilities:
    """q(k) = p(k) / (p(y_i) + p(y_j)) for k in {y_i, y_j}, 0 for all others: dynamic, between the two givers alone.

    Where y_i = y_j, all of it is theirs; where the teacher gives neither any probability, each gets half.
    Source: ours, after the paper's reason that the image "is formed by the visual contents from two real images".
    """
    givers = torch.stack([y_i, y_j], dim=1)  # (B, 2)
    seen = p.gather(1, givers).clamp_min(torch.finfo(p.dtype).tiny)
    return torch.zeros_like(p).scatter_add(1, givers, seen / seen.sum(dim=1, keepdim=True))


STYLES: dict[str, Callable[[Probabilities, Labels, Labels], Probabilities]] = {
    "soft": soft,
    "one_hot": one_hot,
    "pseudo": pseudo,
    "lsro": lsro,
    "two_label": two_label,
}
"""By the names of `LossConfig.teacher_label`."""

OTHER_STYLES = tuple(style for style in STYLES if style != "soft")
"""All but the paper's own."""
