"""Equations (1) to (9), as pure functions named after the paper. Each returns a scalar, the mean over the batch.

They cast to float32 first: under autocast the networks answer in bfloat16, in which a sum of small terms is lost.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

Images = Float[Tensor, "b 3 h w"]
Logits = Float[Tensor, "b k"]
Labels = Int[Tensor, " b"]
Scalar = Float[Tensor, ""]


def image_reconstruction(x: Images, reconstruction: Images) -> Scalar:
    """Eqs. (1), (2): mean absolute difference of the pixels, normalised units. (1): G(a_i, s_i); (2): G(a_t, s_i)."""
    return F.l1_loss(reconstruction.float(), x.float())


def identification(logits: Logits, y: Labels) -> Scalar:
    """Eqs. (3), (6): -log p(y | image), natural logarithm."""
    return F.cross_entropy(logits.float(), y)


def code_reconstruction(code: Tensor, code_of_fake: Tensor) -> Scalar:
    """Eqs. (4), (5): mean absolute difference between a code and the code of the image made from it.

    Both (B, ...), same shape. Which side carries gradient is the caller's choice, made once in training/step.py.
    """
    return F.l1_loss(code_of_fake.float(), code.float())


def discriminator_log(real: list[Tensor], fake: list[Tensor]) -> Scalar:
    """Eq. (7), what D minimises: -log D(x) - log(1 - D(G)), D = sigmoid of the patch score, summed over scales."""
    return sum(F.softplus(-r.float()).mean() + F.softplus(f.float()).mean() for r, f in zip(real, fake, strict=True))


def generator_log(fake: list[Tensor]) -> Scalar:
    """Eq. (7), what G minimises, in the form that does not saturate: -log D(G), summed over scales."""
    return sum(F.softplus(-f.float()).mean() for f in fake)


def discriminator_lsgan(real: list[Tensor], fake: list[Tensor]) -> Scalar:
    """Least squares for D (release): (D(x) - 1)^2 + D(G)^2, mean over patches, summed over scales."""
    return sum((r.float() - 1).pow(2).mean() + f.float().pow(2).mean() for r, f in zip(real, fake, strict=True))


def generator_lsgan(fake: list[Tensor]) -> Scalar:
    """Least squares for G (release, without its factor 2): (D(G) - 1)^2, mean over patches, summed over scales."""
    return sum((f.float() - 1).pow(2).mean() for f in fake)


def gradient_punishment(real: list[Tensor], x: Images) -> Scalar:
    """R1 of [29], on real images: |d D(x) / d x|^2 summed over an image, mean over the batch, sum over scales.

    `real` are D's patch scores of x, and x must require gradients; the result can be differentiated again. No factor
    1/2 and no coefficient (release: 0.01). Scores are summed over patches before differentiating.
    """
    total = x.new_zeros(())
    for patches in real:
        (gradient,) = torch.autograd.grad(patches.sum(), x, create_graph=True)
        total = total + gradient.pow(2).flatten(1).sum(dim=1).mean()
    return total


def primary(logits: Logits, teacher_probabilities: Float[Tensor, "b k"]) -> Scalar:
    """Eq. (8): KL(q || p) of the teacher's soft label q against the student's p, summed over classes."""
    return F.kl_div(F.log_softmax(logits.float(), dim=1), teacher_probabilities.float(), reduction="batchmean")


def fine_grained(logits: Logits, y_j: Labels) -> Scalar:
    """Eq. (9): -log p(y_j | x_j^i). The generated image belongs to whoever gave the structure."""
    return F.cross_entropy(logits.float(), y_j)
