"""Equations (1) to (9) against values worked out by hand."""

import math

import pytest
import torch

from dgnet_lite import losses as L


@pytest.fixture
def ramp():
    """(2, 3, 2, 2): 0, 1, 2, ..., 23."""
    return torch.arange(24.0).reshape(2, 3, 2, 2)


def patches(*values):
    """One map of patch scores a scale."""
    return [torch.tensor(v, dtype=torch.float).reshape(1, 1, 1, -1) for v in values]


# Eqs. (1), (2), (4), (5)


def test_eq_1_is_the_mean_absolute_difference_of_all_pixels(ramp):
    other = ramp.clone()
    other[0, 0, 0, 0] += 6
    other[1, 2, 1, 1] -= 18
    assert L.image_reconstruction(ramp, other) == 1.0  # (6 + 18) / 24


def test_eq_4_is_the_mean_absolute_difference_of_the_codes():
    code, of_fake = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[0.0, 2.0], [3.0, 7.0]])
    assert L.code_reconstruction(code, of_fake) == 1.0  # (1 + 0 + 0 + 3) / 4


# Eqs. (3), (6), (9)


@pytest.mark.parametrize("loss", [L.identification, L.fine_grained])
def test_eqs_3_6_and_9_are_the_natural_logarithm_of_the_right_class(loss):
    logits = torch.log(torch.tensor([[0.2, 0.8], [0.5, 0.5]]))
    expected = -(math.log(0.8) + math.log(0.5)) / 2
    assert loss(logits, torch.tensor([1, 0])).item() == pytest.approx(expected, rel=1e-6)


def test_scores_that_say_nothing_cost_the_logarithm_of_the_number_of_classes():
    assert L.identification(torch.zeros(5, 751), torch.arange(5)).item() == pytest.approx(math.log(751), rel=1e-6)


# Eq. (7)


def test_log_loss_of_an_undecided_d_is_2_log_2_a_scale():
    undecided = patches([0, 0, 0], [0.0])
    assert L.discriminator_log(undecided, undecided).item() == pytest.approx(4 * math.log(2), rel=1e-6)


def test_log_loss_of_d_adds_real_and_fake_each_averaged_over_patches():
    real, fake = patches([math.log(3), math.log(3)]), patches([-math.log(4)])  # D(x) = 3/4, D(G) = 1/5
    assert L.discriminator_log(real, fake).item() == pytest.approx(-math.log(0.75) - math.log(0.8), rel=1e-6)


def test_log_loss_of_g_is_minus_log_of_d_and_does_not_saturate():
    fake = patches([math.log(3)], [-100.0])  # D(G) = 3/4 at one scale, e^-100 at the other
    assert L.generator_log(fake).item() == pytest.approx(-math.log(0.75) + 100, rel=1e-6)


def test_least_squares_of_d_pull_real_to_1_and_fake_to_0():
    real, fake = patches([3.0, 1.0], [0.0]), patches([2.0], [-1.0, 1.0])
    assert L.discriminator_lsgan(real, fake) == 2 + 4 + 1 + 1


def test_least_squares_of_g_pull_fake_to_1():
    assert L.generator_lsgan(patches([3.0, 1.0], [0.0])) == 2 + 1


# Gradient punishment


def test_r1_of_a_linear_d_is_the_squared_length_of_its_weights():
    w = torch.arange(12.0).reshape(1, 3, 2, 2)
    x = torch.randn(5, 3, 2, 2, requires_grad=True)
    score = (x * w).sum(dim=(1, 2, 3)).reshape(5, 1, 1, 1)
    assert L.gradient_punishment([score], x).item() == 506  # 0 + 1 + 4 + ... + 121, for each image


def test_r1_adds_the_patches_before_differentiating_and_the_scales_after():
    x = torch.randn(4, 3, 2, 2, requires_grad=True)
    total = x.sum(dim=(1, 2, 3)).reshape(4, 1, 1, 1)  # gradient 1 at 12 pixels
    two_patches, half_scale = torch.cat([total, total], dim=3), 0.5 * total
    assert L.gradient_punishment([two_patches, half_scale], x).item() == 12 * 4 + 12 * 0.25


def test_r1_is_averaged_over_images():
    x = torch.tensor([1.0, 3.0]).reshape(2, 1, 1, 1).expand(2, 3, 1, 1).clone().requires_grad_()
    score = x.pow(2).sum(dim=(1, 2, 3)).reshape(2, 1, 1, 1)  # gradient 2x
    assert L.gradient_punishment([score], x).item() == pytest.approx((3 * 4 + 3 * 36) / 2)


def test_r1_can_be_differentiated_again():
    w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    x = torch.randn(2, 3, 1, 1, requires_grad=True)
    L.gradient_punishment([(x * w.reshape(3, 1, 1)).sum(dim=1, keepdim=True)], x).backward()
    torch.testing.assert_close(w.grad, 2 * w.detach())  # d |w|^2 / dw


# Eq. (8)


def test_eq_8_is_zero_when_student_and_teacher_agree():
    logits = torch.randn(6, 9)
    assert L.primary(logits, logits.softmax(dim=1)).item() == pytest.approx(0, abs=1e-6)


def test_eq_8_is_positive_as_soon_as_they_do_not_agree():
    q = torch.tensor([[0.5, 0.5]])
    assert L.primary(torch.log(torch.tensor([[0.45, 0.55]])), q) > 1e-3


def test_eq_8_is_the_divergence_of_the_student_from_the_teacher_averaged_over_images():
    q = torch.tensor([[0.5, 0.5], [1.0, 0.0]])
    p = torch.tensor([[0.25, 0.75], [0.8, 0.2]])
    first = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)
    second = math.log(1 / 0.8)
    assert L.primary(torch.log(p), q).item() == pytest.approx((first + second) / 2, rel=1e-5)


# Precision


@pytest.mark.parametrize(
    "loss",
    [
        lambda x: L.image_reconstruction(x, x + 1),
        lambda x: L.code_reconstruction(x, x + 1),
        lambda x: L.identification(x[:, :, 0, 0], torch.tensor([0, 1])),
        lambda x: L.fine_grained(x[:, :, 0, 0], torch.tensor([0, 1])),
        lambda x: L.primary(x[:, :, 0, 0], x[:, :, 0, 0].softmax(dim=1)),
        lambda x: L.discriminator_log([x], [x]),
        lambda x: L.generator_log([x]),
        lambda x: L.discriminator_lsgan([x], [x]),
        lambda x: L.generator_lsgan([x]),
    ],
    ids=["image", "code", "id", "fine", "primary", "d_log", "g_log", "d_lsgan", "g_lsgan"],
)
def test_bfloat16_is_cast_before_it_is_summed(loss):
    assert loss(torch.ones(2, 3, 4, 4, dtype=torch.bfloat16)).dtype == torch.float32
