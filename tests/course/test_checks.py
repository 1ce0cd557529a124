"""Checks of exercises: what they say of right answers, wrong ones, errors, and stubs."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from dgnet_lite.course.checks import core
from dgnet_lite.course.checks.compare import Wrong, expect, expect_close, expect_equal, expect_shape
from dgnet_lite.course.checks.core import CheckFailed, exercise
from dgnet_lite.course.checks.proof import Proof, assert_accepts, assert_rejects


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """No exercise but those of the test, not strict, nothing recorded."""
    monkeypatch.setattr(core, "EXERCISES", {})
    monkeypatch.delenv("DGNET_STRICT", raising=False)
    monkeypatch.delenv("DGNET_RESULTS", raising=False)


@pytest.fixture
def check_half(alone):
    @exercise("90.1", "Half")
    def check_half(half):
        expect_close(half(3.0), 1.5, "half of 3", [(6.0, "You double: see hint 2.")])

    return check_half


def failure(check, *answers) -> str:
    """What the check says of a wrong answer."""
    with pytest.raises(CheckFailed) as failed:
        check(*answers)
    return str(failed.value)


def said(function, *arguments, **named) -> str:
    """What an expectation says of a wrong answer."""
    with pytest.raises(Wrong) as wrong:
        function(*arguments, **named)
    return str(wrong.value)


def test_a_right_answer_prints_one_line(check_half, capsys):
    check_half(lambda x: x / 2)
    assert capsys.readouterr().out == "done: 90.1 Half\n"


def test_a_checks_note_is_added_to_its_line(alone, capsys):
    @exercise("90.2", "Any")
    def check_any(x):
        return "3 cases"

    check_any(1)
    assert capsys.readouterr().out == "done: 90.2 Any (3 cases)\n"


def test_a_wrong_answer_is_told_got_expected_difference_and_cause(check_half):
    assert failure(check_half, lambda x: 2 * x).splitlines() == [
        "exercise 90.1 Half: not right yet",
        "  half of 3",
        "  got       6.",
        "  expected  1.5",
        "  largest difference 4.5",
        "  You double: see hint 2.",
    ]


def test_a_notebook_shows_the_message_without_a_traceback(check_half):
    with pytest.raises(CheckFailed) as failed:
        check_half(lambda x: 2 * x)
    assert failed.value._render_traceback_() == str(failed.value).splitlines()


@pytest.mark.parametrize("message", ["exercise 90.1: your code here", ""])
def test_a_stub_is_to_do(check_half, capsys, message):
    def stub(x):
        raise NotImplementedError(message)

    check_half(stub)
    assert capsys.readouterr().out == "to do: exercise 90.1 Half\n"


def test_three_dots_are_to_do(check_half, capsys):
    check_half(...)
    assert capsys.readouterr().out == "to do: exercise 90.1 Half\n"


def test_a_stub_of_an_earlier_exercise_is_named(check_half, capsys):
    def earlier(x):
        raise NotImplementedError("exercise 89.4: your code here")

    check_half(lambda x: earlier(x) + 1)
    assert capsys.readouterr().out == "to do: exercise 90.1 Half (it needs exercise 89.4 first)\n"


def test_to_do_is_an_error_when_strict(check_half, monkeypatch):
    monkeypatch.setenv("DGNET_STRICT", "1")
    assert failure(check_half, ...).startswith("to do: exercise 90.1 Half\n")


def test_a_layer_of_torch_that_is_not_implemented_is_no_stub(check_half):
    assert "NotImplementedError" in failure(check_half, lambda x: torch.nn.Module()(x))


def test_an_error_in_the_answer_is_shown_with_its_line(check_half):
    def wrong(x):
        return x.no_such_thing

    message = failure(check_half, wrong)
    assert "your code raised AttributeError: 'float' object has no attribute 'no_such_thing'" in message
    assert message.endswith(f"in wrong, line {wrong.__code__.co_firstlineno + 1}: return x.no_such_thing")


def test_an_error_inside_a_library_is_shown_with_the_line_that_called_it(check_half):
    message = failure(check_half, lambda x: json.loads("{"))
    assert "JSONDecodeError" in message
    assert 'json.loads("{")' in message


def test_an_answer_that_leaves_python_is_an_error_of_its_own(check_half):
    def leave(x):
        raise SystemExit(3)

    assert "SystemExit" in failure(check_half, leave)


def test_an_answer_with_other_arguments_is_told_so(check_half):
    assert "cannot be called as the exercise says" in failure(check_half, lambda: 1.5)


def test_nothing_where_two_things_are_expected_asks_for_return(alone):
    @exercise("90.3", "Two")
    def check_two(pair):
        _, _ = pair()

    assert "Is `return` missing?" in failure(check_two, lambda: None)


def test_random_numbers_in_a_check_are_the_same_each_time(alone):
    drawn = []

    @exercise("90.4", "Random")
    def check_random(x):
        drawn.append(torch.rand(3))

    check_random(1)
    check_random(1)
    assert torch.equal(*drawn)


def test_a_check_leaves_the_learners_random_numbers_as_they_were(alone):
    @exercise("90.5", "Random")
    def check_random(x):
        torch.rand(3)

    torch.manual_seed(7)
    check_random(1)
    after = torch.rand(3)
    torch.manual_seed(7)
    assert torch.equal(after, torch.rand(3))


def test_each_outcome_is_recorded(check_half, tmp_path, monkeypatch):
    monkeypatch.setenv("DGNET_RESULTS", str(tmp_path / "results"))
    check_half(lambda x: x / 2)
    check_half(...)
    failure(check_half, lambda x: x)
    lines = [json.loads(line) for line in (tmp_path / "results").read_text().splitlines()]
    assert [(line["exercise"], line["outcome"]) for line in lines] == [
        ("90.1", "done"),
        ("90.1", "to do"),
        ("90.1", "wrong"),
    ]


def test_two_checks_of_one_number_are_refused(check_half):
    with pytest.raises(ValueError, match=r"90\.1 is checked by check_half and by check_other"):

        @exercise("90.1", "Other")
        def check_other(x): ...


def test_a_number_without_its_lesson_is_refused():
    with pytest.raises(ValueError, match="exercise number '2'"):
        exercise("2", "Half")


@pytest.mark.parametrize("got", [torch.tensor([1, 2]), np.array([1.0, 2.0]), [1, 2], (1.0, torch.tensor(2.0))])
def test_numbers_are_compared_whatever_holds_them(got):
    expect_close(got, torch.tensor([1.0, 2.0]), "x")


def test_a_tensor_with_a_graph_is_compared():
    expect_close(torch.ones(2, requires_grad=True) * 2, [2, 2], "x")


def test_nan_is_expected_where_it_is_expected():
    expect_close([1.0, float("nan")], [1.0, float("nan")], "x")


def test_a_difference_within_the_tolerance_is_accepted():
    expect_close(1.0 + 0.9e-3, 1.0, "x", tolerance=1e-3)


def test_a_difference_beyond_the_tolerance_is_not():
    assert "largest difference 0.0011" in said(expect_close, 1.0 + 1.1e-3, 1.0, "x", tolerance=1e-3)


@pytest.mark.parametrize(
    ("got", "expected", "sentence"),
    [
        (None, 1.0, "returned nothing: is `return` missing?"),
        ("one", 1.0, "returned a str; expected a number"),
        ([[1], 2], [1, 2], "returned a list of 2; expected a tensor of shape (2,)"),
        (print, 1.0, "Are the brackets of a call missing?"),
        ([float("nan"), 1], [1, 1], "1 of 2 values are NaN"),
        (float("inf"), 1, "divided by 0"),
        ([-1, -2], [1, 2], "sign is the other way round"),
        ([[1, 2], [3, 4]], [[1, 3], [2, 4]], "transposed"),
        ([2, 1], [1, 2], "their order is not"),
        ([2, 4], [1, 2], "2 times the expected one"),
        ([2, 3], [1, 2], "off by +1"),
        ([[1, 2]], [1, 2], "the shape is not"),
        (1.5, [1, 2], "a single number"),
        (torch.ones(2, 3), torch.ones(4), "the axis that is reduced"),
    ],
)
def test_a_usual_mistake_is_named(got, expected, sentence):
    assert sentence in said(expect_close, got, expected, "x")


def test_a_cause_may_be_a_question_about_the_answer():
    assert "You forgot." in said(expect_close, [1.0, 9.0], [1.0, 2.0], "x", [(lambda a: a[1] > 5, "You forgot.")])


def test_a_question_that_does_not_fit_the_answer_explains_nothing():
    assert "You forgot." not in said(expect_close, 9.0, [1.0, 2.0], "x", [(lambda a: a[1] > 5, "You forgot.")])


def test_a_long_tensor_is_not_printed_whole():
    assert len(said(expect_close, torch.zeros(1000), torch.ones(1000), "x")) < 500


def test_the_place_of_the_largest_difference_is_told():
    assert "at [1, 0]" in said(expect_close, [[1, 2], [9, 4]], [[1, 2], [3, 4]], "x")


@pytest.mark.parametrize("value", [3, True, "street", [1, 2], {1, 2}])
def test_equal_things_are_equal(value):
    expect_equal(value, value, "x")


@pytest.mark.parametrize(("got", "expected"), [(3.0001, 3), ("a", "b"), (None, 3), ([1, 2], [2, 1]), ({1}, {2})])
def test_unequal_things_are_not(got, expected):
    assert said(expect_equal, got, expected, "x").startswith("  x")


def test_a_wrong_shape_is_told_beside_the_right_one():
    message = said(expect_shape, torch.ones(2, 3), (3, 2), "the code")
    assert message.splitlines() == [
        "  the code",
        "  got       shape (2, 3)",
        "  expected  shape (3, 2)",
        "  The axes are in another order.",
    ]


def test_a_wrong_shapes_cause_is_told():
    assert "See hint 1." in said(expect_shape, torch.ones(2), (3,), "x", [((2,), "See hint 1.")])


def test_any_other_condition_has_its_own_sentence():
    assert said(expect, False, "The teacher got a gradient.") == "  The teacher got a gradient."


def test_a_proof_needs_two_answers_of_each_kind(check_half):
    with pytest.raises(ValueError, match="at least two right answers and two wrong ones"):
        Proof(check_half, right=[abs, abs], wrong=[(abs, "hint 1")])


def test_a_check_that_accepts_a_wrong_answer_fails_its_proof(check_half):
    with pytest.raises(AssertionError, match="accepted a wrong answer"):
        assert_rejects(check_half, lambda x: x / 2, match="hint")


def test_a_check_that_gives_another_cause_fails_its_proof(check_half):
    with pytest.raises(AssertionError, match="does not say 'hint 3'"):
        assert_rejects(check_half, lambda x: x * 2, match="hint 3")


def test_a_stub_proves_nothing(check_half):
    with pytest.raises(AssertionError, match="took a wrong answer for a stub"):
        assert_rejects(check_half, ..., match="to do")
    with pytest.raises(CheckFailed):
        assert_accepts(check_half, ...)
