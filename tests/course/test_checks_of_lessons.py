"""Each check of the lessons accepts right answers however they are written, and names the cause of wrong ones."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

import dgnet_lite.course.checks  # noqa: F401 - fills EXERCISES
from dgnet_lite.course.checks.core import EXERCISES
from dgnet_lite.course.checks.proof import assert_accepts, assert_rejects, right_answers, wrong_answers

ANSWERS = sorted((Path(__file__).parent / "answers").glob("lesson*.py"))
PROOFS = [proof for path in ANSWERS for proof in runpy.run_path(str(path))["PROOFS"]]


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_a_check_is_proven(exercise):
    assert exercise.check in {proof.check.__name__ for proof in PROOFS}


@pytest.mark.parametrize(("check", "answer"), right_answers(PROOFS))
def test_a_right_answer_is_accepted(check, answer):
    assert_accepts(check, answer)


@pytest.mark.parametrize(("check", "answer", "cause"), wrong_answers(PROOFS))
def test_a_wrong_answer_is_rejected_with_its_cause(check, answer, cause):
    assert_rejects(check, answer, match=cause)
