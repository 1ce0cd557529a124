"""How the tests prove a check: it accepts right answers however they are written, and names the cause of wrong ones."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dgnet_lite.course.checks.core import CheckFailed

Check = Callable[..., None]


@dataclass(frozen=True)
class Proof:
    """Answers that a check must accept, and mistakes that it must reject with a message in which `cause` is found.

    An answer is what the check takes: a function or value, or a tuple of them when it takes several.
    """

    check: Check
    right: Sequence[Any]
    wrong: Sequence[tuple[Any, str]]

    def __post_init__(self) -> None:
        if len(self.right) < 2 or len(self.wrong) < 2:
            raise ValueError(f"{self.check.__name__}: give at least two right answers and two wrong ones")


def right_answers(proofs: Sequence[Proof]) -> list[tuple[Check, Any]]:
    """(check, answer) of each right answer, for pytest.mark.parametrize."""
    return [(proof.check, answer) for proof in proofs for answer in proof.right]


def wrong_answers(proofs: Sequence[Proof]) -> list[tuple[Check, Any, str]]:
    """(check, answer, cause) of each wrong answer, for pytest.mark.parametrize."""
    return [(proof.check, answer, cause) for proof in proofs for answer, cause in proof.wrong]


def assert_accepts(check: Check, *answers: Any) -> None:
    """The check says "done"; a stub would not do."""
    with _strict():
        check(*_unpacked(answers))


def assert_rejects(check: Check, *answers: Any, match: str) -> None:
    """The check fails, it does so for a wrong answer and not for a stub, and the message has the pattern `match`."""
    try:
        with _strict():
            check(*_unpacked(answers))
    except CheckFailed as failed:
        message = str(failed)
    else:
        raise AssertionError(f"{check.__name__} accepted a wrong answer: {answers}")
    if message.startswith("to do"):
        raise AssertionError(f"{check.__name__} took a wrong answer for a stub: {message}")
    if not re.search(match, message):
        raise AssertionError(f"{check.__name__} does not say {match!r} but:\n{message}")


def _unpacked(answers: tuple[Any, ...]) -> tuple[Any, ...]:
    return answers[0] if len(answers) == 1 and isinstance(answers[0], tuple) else answers


@contextmanager
def _strict():
    """DGNET_STRICT=1, and no outcome recorded."""
    before = {name: os.environ.pop(name, None) for name in ("DGNET_STRICT", "DGNET_RESULTS")}
    os.environ["DGNET_STRICT"] = "1"
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
