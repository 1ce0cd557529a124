"""Right answers to the exercises of lesson 04, written differently, and mistakes with what the check says of them."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from dgnet_lite.course.checks.lesson04 import (
    check_adain,
    check_adain_block,
    check_counts,
    check_instance_norm,
    check_layer_norm,
    check_slice_code,
)
from dgnet_lite.course.checks.proof import Proof
from dgnet_lite.networks import blocks, generator

PLACES = (2, 3)


def norm_by_torch(x, eps=1e-5):
    return F.instance_norm(x, eps=eps)


def norm_by_moments(x, eps=1e-5):
    mean = x.flatten(2).mean(2)[:, :, None, None]
    square = (x * x).flatten(2).mean(2)[:, :, None, None]
    return (x - mean) * (square - mean * mean + eps) ** -0.5


def norm_by_axes(axes, unbiased=False):
    def instance_norm(x, eps=1e-5):
        return (x - x.mean(axes, keepdim=True)) / (x.var(axes, keepdim=True, unbiased=unbiased) + eps).sqrt()

    return instance_norm


def norm_without_eps(x, eps=1e-5):
    return (x - x.mean(PLACES, keepdim=True)) / x.std(PLACES, keepdim=True, unbiased=False)


def norm_with_eps_beside_the_root(x, eps=1e-5):
    return (x - x.mean(PLACES, keepdim=True)) / (x.std(PLACES, keepdim=True, unbiased=False) + eps)


def norm_by_variance(x, eps=1e-5):
    return (x - x.mean(PLACES, keepdim=True)) / (x.var(PLACES, keepdim=True, unbiased=False) + eps)


def norm_of_the_mean_alone(x, eps=1e-5):
    return x - x.mean(PLACES, keepdim=True)


def adain_by_hand(x, scale, bias):
    mean, std = x.mean(PLACES), x.std(PLACES, unbiased=False)
    return torch.einsum("bchw,bc->bchw", x - mean[..., None, None], scale / std) + bias[..., None, None]


def adain_by_picture(x, scale, bias):
    return torch.stack([F.instance_norm(u[None], weight=s, bias=b)[0] for u, s, b in zip(x, scale, bias, strict=True)])


def adain_with_one_more(x, scale, bias):
    return blocks.adain(x, 1 + scale, bias)


def adain_of_the_wrong_axes(x, scale, bias):
    if x.shape[1:] == (3, 2, 3):
        return F.instance_norm(x) * scale + bias
    return blocks.adain(x, scale, bias)


def adain_of_layer_norm(x, scale, bias):
    return adain_without_the_norm(F.layer_norm(x, x.shape[1:]), scale, bias)


def adain_without_the_norm(x, scale, bias):
    return x * scale[:, :, None, None] + bias[:, :, None, None]


def adain_exchanged(x, scale, bias):
    return blocks.adain(x, bias, scale)


def adain_of_absolute_scale(x, scale, bias):
    return blocks.adain(x, scale.abs(), bias)


def slices_by_package(code, how):
    return generator.slice_code(code, 4, how)


def slices_by_index(code, how):
    if how == "stripe":
        return [code[:, :, k, 0] for k in range(4)]
    c = code.shape[1] // 4
    return [code[:, k * c : (k + 1) * c, :, 0].reshape(len(code), -1) for k in range(4)]


def slices_exchanged(code, how):
    return slices_by_package(code, "channel" if how == "stripe" else "stripe")


def slices_stripe_by_stripe(code, how):
    if how == "channel":
        return list(code.transpose(1, 2).flatten(1).chunk(4, dim=1))
    return slices_by_package(code, how)


def slices_not_flat(code, how):
    return list(code.split(1, dim=2)) if how == "stripe" else slices_by_package(code, how)


def mlp_parameters_of_torch(n_in, width, n_out):
    return sum(p.numel() for p in generator.mlp(n_in, width, n_out).parameters())


def mlp_parameters_by_hand(n_in, width, n_out):
    return (n_in + 1) * width + (width + 1) * width + (width + 1) * n_out


def without_biases(n_in, width, n_out):
    return n_in * width + width * width + width * n_out


def two_layers(n_in, width, n_out):
    return (n_in + 1) * width + (width + 1) * n_out


def numbers(channels, blocks):
    return 4 * channels * blocks


def numbers_by_layer(channels, blocks):
    return sum(2 * channels for _ in range(2 * blocks))


def numbers_of_scales(channels, blocks):
    return 2 * channels * blocks


def block_by_package(x, scale, bias, conv1, conv2):
    block = blocks.AdaINResidualBlock(x.shape[1])
    block.conv1, block.conv2 = torch.nn.Identity(), torch.nn.Identity()
    block.conv1.forward, block.conv2.forward = conv1, conv2
    return block(x, scale, bias)


def block_by(x, scale, bias, conv1, conv2, *, slope=0.2, residual=True, swapped=False, last=False):
    c = x.shape[1]
    first, second = (slice(c, None), slice(0, c)) if swapped else (slice(0, c), slice(c, None))
    y = F.leaky_relu(blocks.adain(conv1(x), scale[:, first], bias[:, first]), slope)
    y = blocks.adain(conv2(y), scale[:, second], bias[:, second])
    y = F.leaky_relu(y, slope) if last else y
    return x + y if residual else y


def block_with(**changes):
    return lambda *arguments: block_by(*arguments, **changes)


def block_interleaved(x, scale, bias, conv1, conv2):
    order = torch.cat([torch.arange(0, scale.shape[1], 2), torch.arange(1, scale.shape[1], 2)])
    return block_by(x, scale[:, order], bias[:, order], conv1, conv2)


def block_active_before_adain(x, scale, bias, conv1, conv2):
    c = x.shape[1]
    y = blocks.adain(F.leaky_relu(conv1(x), 0.2), scale[:, :c], bias[:, :c])
    return x + blocks.adain(conv2(y), scale[:, c:], bias[:, c:])


def block_without_conv1(x, scale, bias, conv1, conv2):
    return block_by(x, scale, bias, torch.nn.Identity(), conv2)


def block_without_the_first_bias(x, scale, bias, conv1, conv2):
    return block_by(x, scale, bias * (torch.arange(bias.shape[1]) >= x.shape[1]), conv1, conv2)


def block_of_one_convolution(x, scale, bias, conv1, conv2):
    return block_by(x, scale, bias, conv1, conv1)


def layer_norm_by_hand(x, gamma, beta, eps):
    flat = x.flatten(1)
    y = (x - flat.mean(1)[:, None, None, None]) / (flat.std(1)[:, None, None, None] + eps)
    return y * gamma[:, None, None] + beta[:, None, None]


def layer_norm_by_picture(x, gamma, beta, eps):
    made = []
    for picture in x:
        variance = ((picture - picture.mean()) ** 2).sum() / (picture.numel() - 1)
        made.append(((picture - picture.mean()) / (variance.sqrt() + eps)).permute(1, 2, 0) * gamma + beta)
    return torch.stack(made).permute(0, 3, 1, 2)


def layer_norm_of(axes, *, unbiased=True, root=True):
    def layer_norm(x, gamma, beta, eps):
        spread = x.var(axes, keepdim=True, unbiased=unbiased)
        y = (x - x.mean(axes, keepdim=True)) / ((spread.sqrt() if root else spread) + eps)
        return y * gamma[:, None, None] + beta[:, None, None]

    return layer_norm


def layer_norm_with_eps_in_the_root(x, gamma, beta, eps):
    y = (x - x.mean((1, 2, 3), keepdim=True)) / (x.var((1, 2, 3), keepdim=True) + eps).sqrt()
    return y * gamma[:, None, None] + beta[:, None, None]


def layer_norm_by_column(x, gamma, beta, eps):
    y = layer_norm_by_hand(x, torch.ones(2), torch.zeros(2), eps)
    return y * gamma + beta


PROOFS = [
    Proof(
        check_instance_norm,
        right=[norm_by_torch, norm_by_moments, norm_by_axes(PLACES)],
        wrong=[
            (norm_by_axes(PLACES, unbiased=True), "N - 1"),
            (norm_by_axes((1, 2, 3)), "hint 1"),
            (norm_by_axes((0, 2, 3)), "batch"),
            (norm_by_axes((3,)), "Each row"),
            (norm_without_eps, "eps is not used"),
            (norm_with_eps_beside_the_root, "under the root"),
            (norm_by_variance, "variance"),
            (norm_of_the_mean_alone, "Divide"),
        ],
    ),
    Proof(
        check_adain,
        right=[blocks.adain, adain_by_hand, adain_by_picture],
        wrong=[
            (adain_with_one_more, r"1 \+ scale"),
            (adain_of_the_wrong_axes, r"meet \(B, C\)"),
            (adain_of_layer_norm, "own pixels"),
            (adain_without_the_norm, "hint 1"),
            (adain_exchanged, "exchanged"),
            (adain_of_absolute_scale, "abs"),
        ],
    ),
    Proof(
        check_slice_code,
        right=[slices_by_package, slices_by_index],
        wrong=[
            (slices_exchanged, "axis 2"),
            (slices_stripe_by_stripe, "hint 3"),
            (slices_not_flat, "hint 2"),
        ],
    ),
    Proof(
        check_counts,
        right=[(numbers, mlp_parameters_by_hand), (numbers_by_layer, mlp_parameters_of_torch)],
        wrong=[
            ((numbers_of_scales, mlp_parameters_by_hand), "hint 1"),
            ((numbers, without_biases), "biases"),
            ((numbers, two_layers), "three"),
        ],
    ),
    Proof(
        check_adain_block,
        right=[block_by_package, block_by],
        wrong=[
            (block_with(residual=False), "hint 1"),
            (block_with(slope=0.0), "ReLU"),
            (block_with(slope=1.0), "LeakyReLU is missing"),
            (block_with(slope=0.01), r"0\.01"),
            (block_with(last=True), "after the second"),
            (block_with(swapped=True), "hint 3"),
            (block_interleaved, "hint 3"),
            (block_of_one_convolution, "conv2"),
            (block_active_before_adain, "before LeakyReLU|LeakyReLU is missing"),
            (block_without_conv1, "conv1"),
            (block_without_the_first_bias, "bias decides"),
        ],
    ),
    Proof(
        check_layer_norm,
        right=[layer_norm_by_hand, layer_norm_by_picture, layer_norm_of((1, 2, 3))],
        wrong=[
            (layer_norm_of((1, 2, 3), unbiased=False), "N - 1"),
            (layer_norm_of((2, 3)), "instance norm"),
            (layer_norm_of((0, 1, 2, 3)), "together"),
            (layer_norm_of((1, 3)), "Each row"),
            (layer_norm_of((1, 2, 3), root=False), "root"),
            (layer_norm_with_eps_in_the_root, "hint 2"),
            (layer_norm_by_column, "axis 1"),
        ],
    ),
]
