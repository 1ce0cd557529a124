"""What lesson 08 draws: labels cut into four parts, bars of length 1, two directions of a divergence."""

from __future__ import annotations

import numpy as np
import torch

from dgnet_lite.show.labels import label_bars, parts_of, two_directions

Q = torch.tensor([[0.1, 0.2, 0.3, 0.4], [0.25, 0.25, 0.25, 0.25]])


def test_a_label_is_cut_into_i_j_the_strongest_third_and_the_rest():
    np.testing.assert_allclose(
        parts_of(Q, torch.tensor([0, 2]), torch.tensor([1, 3])), [[0.1, 0.2, 0.4, 0.3], [0.25] * 4], atol=1e-6
    )


def test_where_i_is_j_their_part_counts_once():
    np.testing.assert_allclose(parts_of(Q[:1], torch.tensor([3]), torch.tensor([3])), [[0.4, 0, 0.3, 0.3]], atol=1e-6)


def test_cutting_leaves_the_label_as_it_was():
    q = Q.clone()
    parts_of(q, torch.tensor([0, 2]), torch.tensor([1, 3]))
    assert torch.equal(q, Q)


def bars():
    images, parts = np.zeros((2, 8, 4, 3), np.uint8), parts_of(Q, torch.tensor([0, 2]), torch.tensor([1, 3]))
    return label_bars(images, ["a", "b"], {"soft": parts, "other": parts}, title="t", reading="r")


def test_the_parts_of_a_bar_stand_end_to_end():
    patches = bars().axes[2].patches[:4]
    np.testing.assert_allclose([p.get_x() for p in patches], [0, 0.1, 0.3, 0.7], atol=1e-6)


def test_each_picture_has_a_bar_for_each_style():
    assert [len(axes.patches) for axes in bars().axes[2:]] == [8, 8]


def test_bars_are_told_in_words():
    assert "b: soft 0.25 to i, 0.25 to j" in bars().alt_text


def test_losses_and_slopes_have_a_panel_each_with_both_curves():
    z = np.array([-1.0, 0.0, 1.0])
    figure = two_directions(z, {"a": z, "b": -z}, {"a": z, "b": z}, best=0.0, title="t")
    assert [len(axes.lines) for axes in figure.axes] == [3, 3]
