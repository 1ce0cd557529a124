"""Label styles of generated images against rows worked out by hand."""

from typing import get_args, get_type_hints

import pytest
import torch

from dgnet_lite import losses as L
from dgnet_lite.config import LossConfig
from dgnet_lite.labels import STYLES, lsro, one_hot, pseudo, soft, two_label

P = torch.tensor([[0.5, 0.1, 0.3, 0.1], [0.1, 0.2, 0.1, 0.6], [0.25, 0.25, 0.25, 0.25]])
Y_I = torch.tensor([2, 0, 1])
Y_J = torch.tensor([0, 1, 1])


def equals(row, by_hand):
    torch.testing.assert_close(row, torch.tensor(by_hand))


def test_soft_is_what_the_teacher_says():
    assert torch.equal(soft(P, Y_I, Y_J), P)


def test_one_hot_is_whoever_gave_the_appearance_whatever_the_teacher_says():
    equals(one_hot(P, Y_I, Y_J), [[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]])


def test_pseudo_is_the_teachers_first_choice_even_if_it_is_a_third_person():
    equals(pseudo(P, Y_I, Y_J)[:2], [[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])


def test_pseudo_of_equal_probabilities_is_the_lower_class():
    equals(pseudo(P, Y_I, Y_J)[2], [1.0, 0.0, 0.0, 0.0])


def test_lsro_gives_every_person_the_same():
    equals(lsro(P, Y_I, Y_J), [[0.25] * 4] * 3)


def test_two_label_shares_between_the_givers_as_the_teacher_does():
    first, second = 0.3 / 0.8, 0.5 / 0.8  # of y_i = 2 and y_j = 0
    equals(two_label(P, Y_I, Y_J)[0], [second, 0.0, first, 0.0])


def test_two_label_does_not_mind_a_third_person():
    equals(two_label(P, Y_I, Y_J)[1], [1 / 3, 2 / 3, 0.0, 0.0])


def test_two_label_of_one_person_is_all_theirs():
    equals(two_label(P, Y_I, Y_J)[2], [0.0, 1.0, 0.0, 0.0])


def test_two_label_is_the_softmax_of_the_givers_two_scores():
    scores = torch.tensor([[1.0, -2.0, 3.0, 0.5]])
    q = two_label(scores.softmax(dim=1), torch.tensor([0]), torch.tensor([3]))
    torch.testing.assert_close(q[0, [0, 3]], scores[0, [0, 3]].softmax(dim=0))


def test_two_label_of_a_teacher_that_sees_neither_is_half_and_half():
    sure = torch.tensor([[1.0, 0.0, 0.0]])
    equals(two_label(sure, torch.tensor([1]), torch.tensor([2])), [[0.0, 0.5, 0.5]])


@pytest.mark.parametrize("style", STYLES)
def test_a_label_is_a_row_of_probabilities(style):
    torch.manual_seed(0)
    p, y = torch.randn(50, 11).softmax(dim=1), torch.randint(11, (2, 50))
    q = STYLES[style](p, y[0], y[1])
    assert q.shape == p.shape
    assert (q >= 0).all()
    torch.testing.assert_close(q.sum(dim=1), torch.ones(50))


@pytest.mark.parametrize("style", STYLES)
def test_a_label_leaves_the_teachers_answer_as_it_was(style):
    p = P.clone()
    STYLES[style](p, Y_I, Y_J)
    assert torch.equal(p, P)


def test_no_two_styles_are_the_same():
    labels = [STYLES[style](P, Y_I, Y_J) for style in STYLES]
    assert not any(torch.equal(a, b) for k, a in enumerate(labels) for b in labels[:k])


@pytest.mark.parametrize("style", [one_hot, pseudo])
def test_with_a_label_of_one_class_eq_8_is_the_cross_entropy_of_that_class(style):
    torch.manual_seed(0)
    logits, q = torch.randn(3, 4), style(P, Y_I, Y_J)
    torch.testing.assert_close(L.primary(logits, q), L.identification(logits, q.argmax(dim=1)))


def test_the_styles_are_those_that_a_config_may_name():
    assert tuple(STYLES) == get_args(get_type_hints(LossConfig)["teacher_label"])
