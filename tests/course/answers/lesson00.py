"""Right answers to the exercises of lesson 00, written differently, and mistakes with what the check says of them."""

import numpy as np
import torch

from dgnet_lite.course.checks.lesson00 import check_clothes_error, check_swap
from dgnet_lite.course.checks.proof import Proof


def swap_by_name(market, clothes_from, body_from):
    return market.render(appearance_of=clothes_from, structure_of=body_from)


def swap_as_one_of_many(market, clothes_from, body_from):
    return market.render_many([(clothes_from, body_from)])[0]


def swap_exchanged(market, clothes_from, body_from):
    return market.render(body_from, clothes_from)


def swap_with_itself(market, clothes_from, body_from):
    return market.render(clothes_from, clothes_from)


def swap_forgotten(market, clothes_from, body_from):
    return market.render(body_from, body_from)


def swap_not_taken_out(market, clothes_from, body_from):
    return market.render_many([(clothes_from, body_from)])


def error_by_numpy(image, truth, mask):
    return np.abs(image.astype(float) - truth.astype(float))[mask].mean() / 255


def error_by_torch(image, truth, mask):
    difference = (torch.as_tensor(image).int() - torch.as_tensor(truth).int()).abs().double().mean(dim=-1)
    return (difference * torch.as_tensor(mask)).sum() / torch.as_tensor(mask).sum() / 255


def error_in_bytes(image, truth, mask):
    return np.abs(image - truth)[mask].mean() / 255


def error_everywhere(image, truth, mask):
    return np.abs(image.astype(int) - truth.astype(int)).mean() / 255


def error_over_all_pixels(image, truth, mask):
    return (np.abs(image.astype(int) - truth.astype(int)) * mask[..., None]).mean() / 255


def error_in_grey_levels(image, truth, mask):
    return np.abs(image.astype(int) - truth.astype(int))[mask].mean()


def error_squared(image, truth, mask):
    return ((image.astype(int) - truth.astype(int))[mask] ** 2).mean() / 255**2


def error_with_sign(image, truth, mask):
    return (image.astype(int) - truth.astype(int))[mask].mean() / 255


def error_of_channels_added(image, truth, mask):
    grey = np.abs(image.astype(int) - truth.astype(int))[mask]
    same = (grey == grey[:, :1]).all(axis=1)
    return np.where(same, grey[:, 0], grey.sum(axis=1)).mean() / 255


def error_that_blackens_the_picture(image, truth, mask):
    error = error_by_numpy(image, truth, mask)
    image[~mask] = 0
    return error


PROOFS = [
    Proof(
        check_swap,
        right=[swap_by_name, swap_as_one_of_many],
        wrong=[
            (swap_exchanged, "exchanged"),
            (swap_with_itself, "gives the clothes, unchanged"),
            (swap_forgotten, "gives the body, unchanged"),
            (swap_not_taken_out, "shape"),
        ],
    ),
    Proof(
        check_clothes_error,
        right=[error_by_numpy, error_by_torch],
        wrong=[
            (error_in_bytes, "uint8 has no negative numbers"),
            (error_everywhere, "mean over the whole picture"),
            (error_over_all_pixels, "number of pixels of clothes"),
            (error_in_grey_levels, "divide by 255"),
            (error_squared, "squared"),
            (error_with_sign, "either sign cancel"),
            (error_of_channels_added, "channels are added"),
            (error_that_blackens_the_picture, "changed its arguments"),
        ],
    ),
]
