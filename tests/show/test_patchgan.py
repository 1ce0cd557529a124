"""What lesson 05 draws: receptive fields, patch answers, losses, gradient norms, the Dirac-GAN."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from dgnet_lite.show.dirac import distances, eigenvalue_plane, phase_portraits
from dgnet_lite.show.patchgan import gradient_norms, losses_of_a_score, patch_answers, receptive_fields

PATHS = {"a": [(1.0, 0.0), (0.0, 2.0)], "b": [(3.0, 4.0), (0.3, 0.4)]}


def test_a_receptive_field_is_a_square_of_its_size_around_the_patch():
    figure = receptive_fields(np.zeros((64, 32, 3), np.uint8), {"scale 1": 9, "scale 2": 21}, centre=(30, 10))
    square = figure.axes[1].patches[0]
    assert (square.get_xy(), square.get_width(), square.get_height()) == ((-0.5, 19.5), 21, 21)


def test_patch_answers_are_probabilities_at_every_scale():
    maps = [torch.zeros(1, 1, 4, 2), torch.full((1, 1, 2, 1), 3.0)]
    figure = patch_answers(np.zeros((1, 8, 4, 3), np.uint8), maps, ["image"], title="D")
    np.testing.assert_allclose(figure.axes[2].images[0].get_array(), np.full((2, 1), 1 / (1 + np.exp(-3.0))), rtol=1e-5)


def test_the_slope_of_a_loss_is_drawn_beside_it():
    figure = losses_of_a_score({"-log D": lambda t: F.softplus(-t)}, title="G")
    score, slope = figure.axes[1].lines[0].get_data()
    np.testing.assert_allclose(slope, -1 / (1 + np.exp(score)), atol=1e-5)


def test_gradient_norms_say_where_they_end():
    figure = gradient_norms({"none": [1.0, 200.0]}, 5, losses={"none": [4.0, 3.0]})
    assert "none 200" in figure.alt_text


@pytest.mark.parametrize(("name", "said"), [("a", "from distance 1.00 to 2.00"), ("b", "from distance 5.00 to 0.50")])
def test_a_phase_portrait_says_how_far_from_rest_a_path_begins_and_ends(name, said):
    figure = phase_portraits({name: lambda theta, psi: (psi, -theta)}, {name: PATHS[name]})
    assert said in figure.alt_text


def test_distances_are_from_the_equilibrium():
    np.testing.assert_allclose(distances(PATHS, title="t").axes[0].lines[1].get_ydata(), [5, 0.5])


def test_the_fastest_punishment_is_named():
    eigenvalues = np.array([[0.5j, -0.5j], [-0.5 + 0j, -0.5 + 0j], [-1.9 + 0j, -0.1 + 0j]])
    assert "fastest at c = 0.50" in eigenvalue_plane([0.0, 0.5, 1.0], eigenvalues).alt_text
