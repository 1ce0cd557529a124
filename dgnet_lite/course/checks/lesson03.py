"""Checks of lesson 03: stripes, grey, colours of one grey, influence of a pixel, a linear probe, its skill."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from dgnet_lite.course.checks.core import exercise, expect, expect_close, expect_equal, expect_shape


@exercise("03.1", "Four stripes")
def check_four_stripes(four_stripes: Callable) -> str:
    """`four_stripes(feature_map)`: (B, C, h, w) -> (B, C, 4, 1)."""
    channel = torch.tensor([[1.0, 5, 2], [0, 3, 4], [9, 7, 8], [6, 0, 1]])
    feature_map = torch.stack([channel, -channel])[None].repeat(2, 1, 1, 1)  # (2, 2, 4, 3)
    got = four_stripes(feature_map)
    causes = [
        ((2, 2, 4), "One axis of length 1 is missing at the end: the stripes are 4 rows and 1 column: see hint 3."),
        ((2, 2, 4, 3), "Take the largest over the columns of a stripe, too: see hint 2."),
        ((2, 2, 1, 3), "These are the largest of each column; stripes lie across the picture: see hint 2."),
        ((2, 2, 1, 4), "Stripes are rows of the code: (B, C, 4, 1), not (B, C, 1, 4): see hint 3."),
        ((2, 4, 1), "The channels are gone: each channel has its own largest cell: see hint 2."),
        ((2, 1, 4, 1), "The channels are gone: each channel has its own largest cell: see hint 2."),
    ]
    expect_shape(got, (2, 2, 4, 1), "two maps of two channels, 4 x 3 cells", causes)
    causes = [
        ([8 / 3, 7 / 3, 8, 7 / 3], "That is the mean of each stripe; the code takes the largest: see hint 1."),
        ([1.0, 0, 7, 0], "That is the smallest of each stripe: see hint 1."),
    ]
    expect_close(got[0, 0, :, 0], [5.0, 4.0, 9.0, 6.0], "the first channel, a stripe is one row", causes)
    causes = [
        ([5.0, 4.0, 9.0, 6.0], "The largest by size, without its sign? The largest of -1, -5, -2 is -1: see hint 2."),
        ([0.0, 0.0, 0.0, 0.0], "Start from the cells, not from 0: a map may be negative: see hint 2."),
    ]
    expect_close(got[0, 1, :, 0], [-1.0, 0.0, -7.0, 0.0], "the second channel, its negative", causes)
    rows = torch.tensor([3.0, 1, 4, 1, 5, 9, 2, 6])
    causes = [
        ([3.0, 1, 4, 1], "Only the first rows count: a stripe of 8 rows is 2 rows high: see hint 1."),
        ([5.0, 9, 4, 6], "You take every fourth row; a stripe is made of neighbours: see hint 1."),
    ]
    got = four_stripes(rows[None, None, :, None])[0, 0, :, 0]
    expect_close(got, [3.0, 4.0, 9.0, 6.0], "one channel of 8 rows", causes)
    rows = torch.tensor([1.0, 9, 2, 3, 8, 4])
    causes = [
        ([1.0, 9, 3, 8], "6 rows: a stripe ends at ceil((k + 1) * h / 4), so that neighbours overlap: see hint 3."),
        ([9.0, 2, 8, 4], "6 rows: a stripe begins at floor(k * h / 4), so that neighbours overlap: see hint 3."),
        (lambda v: v.shape == (3,), "6 rows: `chunk` makes three parts of two rows; four that overlap: see hint 3."),
        (lambda v: v.tolist()[:2] == [1, 9], "6 rows: look at where a stripe ends, ceil((k + 1) * h / 4): see hint 3."),
    ]
    got = four_stripes(rows[None, None, :, None])[0, 0, :, 0]
    expect_close(got, [9.0, 9.0, 8.0, 8.0], "one channel of 6 rows", causes)
    return "also where 4 does not divide the rows"


RED = ((1 - 0.485) / 0.229 - 0.456 / 0.224 - 0.406 / 0.225) / 3
"""Grey of pure red, (255, 0, 0)."""


@exercise("03.2", "Grey")
def check_grey(grey_of: Callable) -> str:
    """`grey_of(images)`: uint8 (B, H, W, 3) -> (B, 1, H, W)."""
    images = torch.zeros(2, 4, 3, 3, dtype=torch.uint8)
    images[0, 0, 0] = torch.tensor([255, 0, 0])
    images[1, 2, 1] = torch.tensor([0, 0, 255])
    got = grey_of(images)
    causes = [
        ((2, 4, 3), "Keep an axis for the one channel, (B, 1, H, W): E_s is a convolution: see hint 2."),
        ((2, 4, 3, 1), "Channels come before rows, (B, 1, H, W): see hint 2."),
        ((2, 1, 3, 4), "Rows and columns are exchanged: the bytes are (B, H, W, 3): see hint 2."),
        ((2, 1, 3, 3), "You took the mean over the rows or columns; colour is the last axis of the bytes: hint 2."),
        ((2, 1, 4, 1), "You took the mean over the rows or columns; colour is the last axis of the bytes: hint 2."),
        ((2, 3, 4, 3), "These are still three channels; take their mean: see hint 3."),
    ]
    expect_shape(got, (2, 1, 4, 3), "two pictures of 4 x 3 pixels", causes)
    red = torch.tensor([1.0, 0, 0])
    zero = -(0.485 / 0.229 + 0.456 / 0.224 + 0.406 / 0.225) / 3
    causes = [
        (3 * RED, "That is the sum of the three channels; take their mean: see hint 3."),
        (lambda v: v > 100, "Bytes go from 0 to 255, the mean and deviation are of 0 to 1: divide first: see hint 1."),
        ((1 / 3 - 0.449) / 0.226, "Normalise each channel by its own mean and deviation, then average: see hint 3."),
        (1 / 3, "The bytes are averaged without normalising them: see hint 1."),
        (255 / 3, "The bytes are averaged without normalising them: see hint 1."),
        (luma(red), "These are the weights of television, 0.299, 0.587, 0.114; here the channels weigh alike: hint 3."),
        (luma_of_normalised(red), "These are the weights of television; here the channels weigh alike: hint 3."),
        (zero, "Red is seen as black: is the picture read in another order? The bytes are (B, H, W, 3): see hint 2."),
        ((1.485 / 0.229 + 0.456 / 0.224 + 0.406 / 0.225) / 3, "The mean is added, it must be taken away: see hint 1."),
        (lambda v: near(v, ((1 - 0.406) / 0.225 - 0.456 / 0.224 - 0.485 / 0.229) / 3), "Channels are R, G, B."),
    ]
    expect_close(got[0, 0, 0, 0], RED, "a red pixel, (255, 0, 0)", causes)
    expect_close(got[0, 0, 1, 2], zero, "a black pixel", [])
    causes = [(zero, "The blue pixel is not where it was: are rows and columns exchanged? See hint 2.")]
    expect_close(got[1, 0, 2, 1], zero + 1 / 0.225 / 3, "a blue pixel, (0, 0, 255), in row 2, column 1", causes)
    return "red, blue and black"


def luma(rgb: Tensor) -> float:
    """Television's grey of a colour in 0..1, normalised afterwards."""
    return ((rgb @ torch.tensor([0.299, 0.587, 0.114])).item() - 0.449) / 0.226


def luma_of_normalised(rgb: Tensor) -> float:
    """Television's weights on the normalised channels."""
    normalised = (rgb - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225])
    return (normalised @ torch.tensor([0.299, 0.587, 0.114])).item()


def near(value: object, wanted: float) -> bool:
    return abs(float(value) - wanted) < 1e-3


@exercise("03.3", "Two colours, one grey")
def check_same_grey(same_grey: Callable) -> str:
    """`same_grey(colour, red)`: colour is (red, green, blue) in 0..255; the new (red, green, blue)."""
    got = same_grey((100.0, 50.0, 80.0), 122.9)
    expect_shape(got, (3,), "the new colour", [((), "Return all three numbers, (red, green, blue).")])
    causes = [
        (lambda v: near(v[0], 100), "The new colour must have the red that is asked for: see hint 1."),
        (lambda v: not near(v[1], 50), "Green stays as it is; blue alone makes up for the red: see hint 1."),
        (lambda v: near(v[2], 102.5), "More red makes it brighter, so blue must go down, not up: see hint 2."),
        (
            lambda v: near(v[2], 57.1),
            "That keeps the mean of the *bytes*; normalised channels count: see hint 2.",
        ),
        (lambda v: near(v[2], 80 - 22.9 * 0.229 / 0.225), "The ratio of the deviations is upside down: see hint 3."),
        (lambda v: near(v[2], 80 - 22.9 * 0.299 / 0.114), "Those are the weights of television: see hint 2."),
        (lambda v: near(v[2], 80 - 22.5 / 255), "Bytes in, bytes out: the factor 255 cancels: see hint 3."),
        (lambda v: v[2] < 0, "The means of ImageNet play no part in a difference: see hint 3."),
    ]
    expect_close(got, [122.9, 50.0, 57.5], "(100, 50, 80) with 122.9 red", causes)
    causes = [(lambda v: near(v[2], 57.5), "Blue must follow from the colour that is given, not from the example.")]
    expect_close(same_grey((45.8, 200.0, 10.0), 0.0), [0.0, 200.0, 55.0], "(45.8, 200, 10) without red", causes)
    causes = [(lambda v: near(v[2], 0), "Blue is cut off at 0; it need not lie in 0..255.")]
    expect_close(same_grey((100.0, 50.0, 10.0), 145.8), [145.8, 50.0, -35.0], "(100, 50, 10) with 145.8 red", causes)
    return "22.9 of red weigh as much as 22.5 of blue"


class Opposed(nn.Module):
    """(1, 1, H, W) -> (1, 3, H, W): x, -x, and 10 times the pixel to the right (0 beyond the border)."""

    def forward(self, x: Tensor) -> Tensor:
        right = torch.cat([x[..., 1:], torch.zeros_like(x[..., :1])], dim=3)
        return torch.cat([x, -x, 10 * right], dim=1)


@exercise("03.4", "Influence")
def check_influence(influence: Callable) -> str:
    """`influence(network, x, row, column)`: x is (1, 1, H, W), the network's output (1, C, h, w); returns (H, W)."""
    x = torch.ones(1, 1, 4, 6)
    got = influence(Opposed(), x, 1, 2)
    causes = [
        ((1, 1, 4, 6), "One number for each pixel: (H, W), without the axes of batch and channel: see hint 3."),
        ((1, 4, 6), "One number for each pixel: (H, W), without the axes of batch and channel: see hint 3."),
        ((3, 4, 6), "One map for each channel; add them up: see hint 2."),
    ]
    expect_shape(got, (4, 6), "a picture of 4 x 6 pixels", causes)
    wanted = torch.zeros(4, 6)
    wanted[1, 2], wanted[1, 3] = 2, 10

    def at(*cells: tuple[int, int, float]) -> Tensor:
        found = torch.zeros(4, 6)
        for row, column, value in cells:
            found[row, column] = value
        return found

    causes = [
        (at((1, 3, 10)), "+1 and -1 cancel: take the size of each channel's gradient, then add: see hint 2."),
        (at((2, 1, 2), (2, 2, 10)), "Row comes first, then column: s[0, :, row, column]: see hint 1."),
        (lambda v: (v != 0).sum() > 4, "Differentiate one cell, not the whole map: see hint 1."),
        (at((1, 2, 1)), "Only the first channel counts; go through all of them: see hint 2."),
        (at((1, 3, 10 / 3), (1, 2, 2 / 3)), "That is the mean over channels; add them up."),
        (at((1, 2, 1), (1, 3, 10)), "`x.grad` adds up from channel to channel: start from zero each time: see hint 3."),
        (lambda v: v[1, 3] == 10, "The cell's own pixel is wrong: it moves two channels, by 1 and by -1: see hint 2."),
    ]
    expect_close(got, wanted, "channels x, -x and 10 times the right neighbour; the cell in row 1, column 2", causes)
    expect(not x.requires_grad, "x is changed: make a copy that requires gradients: see hint 3.")
    halved = nn.Conv2d(1, 1, 2, stride=2, bias=False)
    nn.init.constant_(halved.weight, -3.0)
    wanted = at(*((row, column, 3.0) for row in (2, 3) for column in (0, 1)))
    causes = [(lambda v: v.min() < 0, "Influence has no sign: take the size of the gradient: see hint 2.")]
    expect_close(influence(halved, x, 1, 0), wanted, "a 2x2 convolution with stride 2, weights -3", causes)
    return "+1 and -1 do not cancel"


@exercise("03.5", "A linear probe")
def check_ridge(ridge: Callable) -> str:
    """`ridge(codes, targets, strength)`: (N, D), (N, T) -> W (D, T), b (T,)."""
    got = ridge(torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0], [4.0]]), 3.0)
    expect(isinstance(got, tuple | list) and len(got) == 2, "Return two things: W and b.")
    (slope, offset) = got
    expect_shape(slope, (1, 1), "W, for one number a code and one target", [((1,), "W is (D, T): keep both axes.")])
    causes = [
        (8 / 7, "codes and targets were not centred, so W must also do b's work: see hint 1."),
        (3 / 7, "The codes were not centred, too: see hint 1."),
        (30 / 31, "b is free: only W is to be small. Is a column of ones punished with the rest? See hint 1."),
        (1.5, "The strength has no effect: add it to the diagonal: see hint 2."),
        (0.375, "Sums, not means: the squared errors are added up over the pictures: see hint 2."),
        (3 / 11, "The strength counts once, not squared: see hint 2."),
    ]
    expect_close(torch.as_tensor(slope).reshape(()), 0.6, "W for codes 0 and 2, targets 1 and 4, strength 3", causes)
    causes = [
        (0, "b is missing: the mean of the targets less what W makes of the mean code: see hint 3."),
        (2.5, "That is the mean target; W adds something of the mean code to it, which b must take away: see hint 3."),
        (3.1, "The sign in b: mean target *minus* mean code times W: see hint 3."),
    ]
    expect_close(torch.as_tensor(offset).reshape(()), 1.9, "b, for the same", causes)
    generator = torch.Generator().manual_seed(0)
    z, t = (torch.randn(12, n, generator=generator, dtype=torch.float64) + 1 for n in (20, 3))
    slope, offset = ridge(z, t, 0.5)
    expect_shape(slope, (20, 3), "W, for 12 pictures, 20 numbers a code and 3 targets", [])
    expect_shape(offset, (3,), "b, for 3 targets", [((1, 3), "b is (T,): see hint 3.")])
    slope = torch.as_tensor(slope).detach().requires_grad_(True)
    offset = torch.as_tensor(offset).detach().requires_grad_(True)
    loss = (t - offset - z @ slope).pow(2).sum() + 0.5 * slope.pow(2).sum()
    by_slope, by_offset = torch.autograd.grad(loss, (slope, offset))
    causes = [(lambda v: True, "b is not the best one: the loss still has a slope there: see hint 3.")]
    expect_close(by_offset, torch.zeros(3), "the slope of the loss by b, which is 0 at the minimum", causes, 1e-3)
    causes = [(lambda v: True, "W is not the best one. Is the strength as it is, without the lesson's v? See hint 2.")]
    expect_close(by_slope, torch.zeros(20, 3), "the slope of the loss by W, which is 0 at the minimum", causes, 1e-3)
    return "the loss is flat at W and b, with more numbers than pictures"


@exercise("03.6", "Skill, on other people")
def check_skill(held_out: Callable, skill: Callable) -> str:
    """`held_out(person, k)`: (N,) -> bool (N,). `skill(predicted, targets, test)`: (N, T), (N, T), bool (N,)."""
    person = torch.tensor([70, 10, 20, 10, 30, 50, 40, 60, 20])
    got = held_out(person, 0)
    causes = [
        (
            [1, 0, 0, 0, 0, 1, 0, 0, 0],
            "That is every fifth *picture*; pictures of one person may part: see hint 1.",
        ),
        ([1] * 9, "Person numbers have gaps: number the people 0, 1, 2, ... first: see hint 1."),
        ([1, 0, 1, 0, 1, 1, 1, 0, 1], "These are the pictures to learn from; the mask says who is held out."),
    ]
    expect_shape(got, (9,), "a mask for 9 pictures", [((3,), "A mask, true or false for each picture, not places.")])
    wanted = [0, 1, 0, 1, 0, 0, 0, 1, 0]
    expect_equal(torch.as_tensor(got).long(), wanted, "fold 0 of 7 people, numbers 10 to 70", causes)
    total = sum(torch.as_tensor(held_out(person, k)).long() for k in range(5))
    expect_equal(total, [1] * 9, "how often each picture is held out, over the five folds", [])

    test = torch.tensor([False, False, False, True, True])
    targets = torch.tensor([[0.0, 10], [1, 10], [2, 13], [3, 15], [5, 15]])  # the mean of the training rows is (1, 11)
    same = targets.clone()
    same[test] = torch.tensor([[1.0, 11], [1, 11]])
    same[~test] += torch.tensor([0.0, 1])  # what is said of training pictures plays no part
    causes = [
        (1 - 52 / 172, "One mean for each column: targets[~test].mean(dim=0): see hint 2."),
        (1 - 52 / 38, "The mean is that of the targets, not of what is predicted: see hint 2."),
        (1 - 3 / 83, "That judges the training pictures; `test` says who is held out (the lesson's mask: `train`)."),
        (1, "A perfect score for a constant: is it 1 - ..., and is the division the right way round? See hint 2."),
        (lambda v: v.shape == (2,), "One number: add up over the columns, too: see hint 3."),
        (lambda v: v < -1, "Compare with the mean of the *training* pictures; the test mean is not known: see hint 2."),
        (lambda v: 0 < v < 1, "Judge the test pictures alone: see hint 2."),
    ]
    expect_close(skill(same, targets, test), 0.0, "always saying the training mean", causes)
    half = targets.clone()
    half[test] = torch.tensor([[2.0, 13], [3, 13]])
    # by hand: errors 1 + 4 + 4 + 4 = 13; of the mean 4 + 16 + 16 + 16 = 52
    causes = [(0.5, "Squared errors by squared errors, without a root: see hint 3.")]
    expect_close(skill(half, targets, test), 0.75, "two test pictures, two columns", causes)
    uneven = targets.clone()
    uneven[test] = torch.tensor([[3.0, 15], [5, 19]])
    causes = [(1 - (0 / 20 + 16 / 32) / 2, "Add up all columns first, then divide: see hint 3.")]
    expect_close(skill(uneven, targets, test), 1 - 16 / 52, "one column right, one wrong", causes)
    wild = targets.clone()
    wild[test] = torch.tensor([[3.0, 15], [17, 15]])
    causes = [(0, "Skill may be below 0, worse than a constant; do not cut it off: see hint 3.")]
    expect_close(skill(wild, targets, test), 1 - 144 / 52, "a wild guess", causes)
    return "whole people are held out, and a constant has skill 0"
