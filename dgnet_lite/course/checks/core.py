"""What a check is made of: it says done, to do, or what is wrong and why, and never only "AssertionError".

A check is a function that calls what the learner wrote and compares with values worked by hand:

    @exercise("01.2", "Average precision")
    def check_average_precision(average_precision):
        got = average_precision(torch.tensor([1]))
        expect_close(got, 0.5, "one match, at rank 2", [(0.25, "0.25 is the trapezoid rule: see hint 2.")])

DGNET_STRICT=1 makes "to do" an error. DGNET_RESULTS names a file to which each outcome is added as a line of JSON.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import sysconfig
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import torch

from dgnet_lite.course.checks.compare import Wrong, expect, expect_close, expect_equal, expect_shape, shortened

__all__ = ["CheckFailed", "exercise", "expect", "expect_close", "expect_equal", "expect_shape"]

DONE, WRONG, TO_DO = "done", "wrong", "to do"

_PACKAGE = Path(__file__).resolve().parents[2]
_LIBRARIES = [Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")]


class CheckFailed(Exception):  # noqa: N818 - a learner reads this name
    """An answer that is not right yet. A notebook shows the message alone, without the lines of the check."""

    def _render_traceback_(self) -> list[str]:
        return str(self).splitlines()


@dataclass(frozen=True)
class Exercise:
    """An exercise: its number ("01.2": lesson and place in it), its title, and the name of its check."""

    number: str
    title: str
    check: str

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


EXERCISES: dict[str, Exercise] = {}
"""By number, all exercises whose checks were imported."""


def exercise(number: str, title: str) -> Callable[[Callable[..., str | None]], Callable[..., None]]:
    """Make a check of a function that takes the learner's functions and values and uses the `expect` functions.

    The check prints one line when the answer is right (what the function returns is added to it) or when it is a stub.
    While it runs, torch's random numbers start from seed 0; afterwards they go on as if nothing had been drawn.

    Raises (when the check is called):
        CheckFailed: the answer is wrong or raises an error; with DGNET_STRICT=1 also when there is none.
    """
    if not re.fullmatch(r"\d\d\.\d+", number):
        raise ValueError(f"exercise number {number!r}: write the lesson and the place in it, as in '01.2'")

    def decorate(function: Callable[..., str | None]) -> Callable[..., None]:
        this = Exercise(number, title, function.__name__)
        if EXERCISES.setdefault(number, this).check != this.check:
            raise ValueError(f"exercise {number} is checked by {EXERCISES[number].check} and by {this.check}")

        @wraps(function)
        def check(*answers: Any, **named: Any) -> None:
            given = [*answers, *named.values()]
            if any(answer is ... for answer in given):
                return _to_do(this, "")
            try:
                inspect.signature(function).bind(*answers, **named)
                with torch.random.fork_rng(devices=[]):
                    torch.manual_seed(0)
                    note = function(*answers, **named)
            except Wrong as wrong:
                message = str(wrong)
            except (Exception, SystemExit) as error:
                frames = traceback.extract_tb(error.__traceback__)
                own = [each for each in frames if _is_learners(each) and each.name != this.check]
                if isinstance(error, NotImplementedError) and own and own[-1] is frames[-1]:
                    return _to_do(this, str(error))  # a stub; torch's own NotImplementedError has deeper frames
                message = _error(error, own)
            else:
                _record(this, DONE, note or "")
                print(f"done: {this}" + (f" ({note})" if note else ""))
                return None
            message = f"exercise {this}: not right yet\n{message}"
            _record(this, WRONG, message)
            raise CheckFailed(message) from None

        check.exercise = this
        return check

    return decorate


def _to_do(this: Exercise, stub: str) -> None:
    other = re.match(r"exercise (\d\d\.\d+)", stub)
    first = f" (it needs exercise {other[1]} first)" if other and other[1] != this.number else ""
    message = f"to do: exercise {this}{first}"
    _record(this, TO_DO, message)
    if os.environ.get("DGNET_STRICT") == "1":
        raise CheckFailed(f"{message}\nDGNET_STRICT=1 makes this an error.") from None
    print(message)


def _record(this: Exercise, outcome: str, message: str) -> None:
    file = os.environ.get("DGNET_RESULTS")
    if file:
        line = json.dumps({"exercise": this.number, "title": this.title, "outcome": outcome, "message": message})
        with Path(file).open("a", encoding="utf-8") as lines:
            lines.write(line + "\n")


def _is_learners(frame: traceback.FrameSummary) -> bool:
    """Whether the frame is of a notebook's cell (or of a test), not of this package or of a library."""
    if frame.filename.startswith("<"):
        return frame.filename.startswith(("<string>", "<ipython"))
    path = Path(frame.filename).resolve()
    return not any(path.is_relative_to(folder) for folder in (_PACKAGE, *_LIBRARIES))


def _error(error: BaseException, own: list[traceback.FrameSummary]) -> str:
    """The error, and where in the learner's code it came up; `own` are that code's frames."""
    said = f"{type(error).__name__}: {error}".rstrip(": ")
    if own:
        line = f": {shortened(own[-1].line)}" if own[-1].line else ""
        return f"  your code raised {said}\n  in {own[-1].name}, line {own[-1].lineno}{line}"
    if isinstance(error, TypeError) and "argument" in said:
        return f"  your function cannot be called as the exercise says: {said}"
    hint = " Is `return` missing?" if "NoneType" in said else ""
    return f"  the check could not use what your code returned: {said}.{hint}"
