"""Checks of lesson 00: the first swap, and how far a picture is from the true one."""

from __future__ import annotations

from typing import Any

import numpy as np

from dgnet_lite.course.checks.core import exercise, expect_close, expect_equal


class _Renderer:
    """Stands for a Toy Market: a "picture" is the two names it was asked for, as numbers."""

    names = ("red coat", "striped shirt", "tall man", "small woman")

    def render(self, appearance_of: str, structure_of: str, *, height: int | None = None) -> np.ndarray:
        code = 10 * self.names.index(appearance_of) + self.names.index(structure_of)
        return np.full((4, 2, 3), code, np.uint8)

    def render_many(
        self, pairs: list[tuple[str, str]], *, height: int | None = None, workers: int | None = None
    ) -> np.ndarray:
        return np.stack([self.render(*pair) for pair in pairs])


@exercise("00.1", "Swap two people")
def check_swap(swap: Any) -> str:
    """`swap(market, clothes_from, body_from)` returns the true swap."""
    market = _Renderer()
    for clothes, body in (("red coat", "tall man"), ("small woman", "striped shirt")):
        expect_equal(
            swap(market, clothes, body),
            market.render(clothes, body),
            f"the clothes of {clothes!r} on the body of {body!r}",
            [
                (market.render(body, clothes), "The two are exchanged: appearance_of gives the clothes. See hint 2."),
                (market.render(clothes, clothes), "That is the picture that gives the clothes, unchanged: see hint 2."),
                (market.render(body, body), "That is the picture that gives the body, unchanged: see hint 2."),
            ],
        )
    return "2 swaps"


@exercise("00.2", "Error inside the clothes")
def check_clothes_error(clothes_error: Any) -> str:
    """`clothes_error(image, truth, mask)` is the mean absolute difference inside the mask, in 0..1."""
    grey = np.array([[10, 100], [200, 0]], np.uint8), np.array([[250, 100], [100, 255]], np.uint8)
    image, truth = (np.repeat(each[..., None], 3, axis=-1) for each in grey)
    mask = np.array([[True, True], [False, True]])
    given = image.copy(), truth.copy(), mask.copy()
    expect_close(
        clothes_error(*given),
        (240 + 0 + 255) / 3 / 255,
        "three pixels of clothes, off by 240, 0 and 255 grey levels",
        [
            ((16 + 0 + 1) / 3 / 255, "uint8 has no negative numbers: 10 - 250 becomes 16. Convert first, see hint 1."),
            ((240 + 0 + 100 + 255) / 4 / 255, "That is the mean over the whole picture: take the mask, see hint 2."),
            ((240 + 0 + 255) / 4 / 255, "Divide by the number of pixels of clothes, not of all pixels: see hint 2."),
            ((240 + 0 + 255) / 3, "The answer is in grey levels: divide by 255, see hint 3."),
            ((240 + 0 + 255) / 255, "That is a sum over pixels: take the mean, see hint 2."),
            ((240**2 + 0 + 255**2) / 3 / 255**2, "The differences are squared: take absolute values, see hint 1."),
            ((-240 + 0 - 255) / 3 / 255, "Differences of either sign cancel: take absolute values, see hint 1."),
        ],
    )
    expect_equal(
        [np.array_equal(a, b) for a, b in zip(given, (image, truth, mask), strict=True)],
        [True, True, True],
        "the pictures that were given are left as they were",
        [(lambda kept: not kept.all(), "Your function changed its arguments: work on a copy.")],
    )
    coloured = image.copy()
    coloured[0, 1] = [100, 130, 160]  # off by 0, 30, 60
    expect_close(
        clothes_error(coloured, truth, mask),
        (240 + 30 + 255) / 3 / 255,
        "the same, and one pixel off by 0, 30 and 60 in red, green and blue",
        [((240 + 90 + 255) / 3 / 255, "The channels are added: take their mean too, see hint 2.")],
    )
    expect_close(clothes_error(truth, truth, mask), 0.0, "a perfect picture")
    return "3 pictures"
