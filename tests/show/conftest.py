"""A Toy Market of a few seconds, and images of one colour each, which one can find again in a figure."""

from __future__ import annotations

import numpy as np
import pytest

from dgnet_lite.config import Config
from dgnet_lite.data.load import ReidData, load_data


def plain(count: int, height: int = 64, start: int = 0) -> np.ndarray:
    """`count` images of one colour each, all different, never white: uint8 (count, height, height // 2, 3)."""
    colours = np.array(
        [[20 + 5 * (start + k), 240 - 4 * (start + k), 10 + (start + k)] for k in range(count)], np.uint8
    )
    return np.broadcast_to(colours[:, None, None], (count, height, height // 2, 3)).copy()


@pytest.fixture(scope="session")
def config() -> Config:
    return Config.preset("official", "smoke")


@pytest.fixture(scope="session")
def market(tmp_path_factory, config) -> ReidData:
    return load_data(config, tmp_path_factory.mktemp("market"), workers=1, progress=False)


@pytest.fixture
def images():
    """Makes plain images; see `plain`."""
    return plain


@pytest.fixture(scope="session")
def results() -> list[dict]:
    """Two seeds: the gain over one head is 10 and 14 points of mAP."""
    rows = ("teacher", "one_head", "f_prim", "f_fine", "both")
    return [
        {
            row: {"rank1": 0.5 + 0.05 * k + shift, "mAP": 0.4 + 0.05 * k + (row == "both") * shift}
            for k, row in enumerate(rows)
        }
        for shift in (-0.05, -0.01)
    ]
