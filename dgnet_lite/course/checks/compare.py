"""What a check expects of an answer, and what it says of another: got, expected, difference, the likely cause.

Each function takes torch tensors, numpy arrays, numbers, and lists of them, and raises `Wrong` when the answer is not
as expected. `causes` are pairs of a mistake and the sentence that explains it, tried in order. A mistake is the value
that it leads to, or a function that says yes or no of the answer as a numpy array.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

Cause = tuple[Any, str]
NOTHING = "your code returned nothing: is `return` missing?"
SHOWN = 160
"""Most characters of a value that a message shows."""


class Wrong(Exception):  # noqa: N818 - no error of the program
    """An answer is not as expected; the message says why. Checks turn it into CheckFailed."""


def expect(condition: Any, cause: str) -> None:
    """Whatever the other functions do not say: reject the answer with `cause` unless `condition` holds."""
    if not bool(condition):
        raise Wrong(f"  {cause}")


def expect_close(got: Any, expected: Any, what: str, causes: Sequence[Cause] = (), tolerance: float = 1e-5) -> None:
    """Numbers equal up to `tolerance`, relative to the expected value where that is above 1. NaN equals NaN.

    Args:
        what: what was computed, to finish the sentence "...: got, expected", as in "one match, at rank 2".
        causes: see above.
    """
    want = to_array(expected)
    have = _readable(got, want, what)
    if have.shape == want.shape and close(have, want, tolerance):
        return
    cause = _cause(have, causes, tolerance) or _usual_mistake(have, want, tolerance)
    raise Wrong(_report(what, have, want, cause))


def expect_equal(got: Any, expected: Any, what: str, causes: Sequence[Cause] = ()) -> None:
    """Exactly equal: whole numbers, truth values, strings, and lists, tuples, arrays and tensors of numbers."""
    if got is None:
        raise Wrong(f"  {what}: {NOTHING}")
    if isinstance(expected, str | set | dict | frozenset):
        if type(got) is type(expected) and got == expected:
            return
        cause = next((text for mistake, text in causes if _is(mistake, got)), "")
        raise Wrong("\n".join(filter(None, [f"  {what}", *_lines(repr(got), repr(expected)), f"  {cause}".rstrip()])))
    want = to_array(expected)
    have = _readable(got, want, what)
    if have.shape == want.shape and np.array_equal(have, want, equal_nan=True):
        return
    raise Wrong(_report(what, have, want, _cause(have, causes, 0.0) or _usual_mistake(have, want, 0.0)))


def expect_shape(got: Any, shape: Sequence[int], what: str, causes: Sequence[Cause] = ()) -> None:
    """An array or tensor of this shape; values do not matter. A cause's mistake may be the wrong shape, a tuple."""
    if got is None:
        raise Wrong(f"  {what}: {NOTHING}")
    have = tuple(got.shape) if hasattr(got, "shape") else _readable(got, np.empty(tuple(shape)), what).shape
    if have == tuple(shape):
        return
    cause = next((text for wrong, text in causes if (wrong(have) if callable(wrong) else tuple(wrong) == have)), "")
    cause = cause or ("The axes are in another order." if sorted(have) == sorted(shape) else "")
    lines = [f"  {what}", *_lines(f"shape {have}", f"shape {tuple(shape)}"), f"  {cause}".rstrip()]
    raise Wrong("\n".join(filter(None, lines)))


def to_array(value: Any) -> np.ndarray:
    """A tensor, array, number, or nested list of them as float64 numpy; TypeError or ValueError when it is none."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        return (value.double() if value.dtype != torch.float64 else value).numpy()
    if isinstance(value, list | tuple):
        return np.array([to_array(part) for part in value], dtype=np.float64)
    if isinstance(value, str | bytes | dict | set):
        raise TypeError(f"a {type(value).__name__} holds no numbers")
    return np.asarray(value, dtype=np.float64)


def close(a: np.ndarray, b: np.ndarray, tolerance: float) -> bool:
    """Whether every value of `a` is within tolerance * max(1, |b|) of that of `b`; shapes are equal."""
    with np.errstate(invalid="ignore"):
        near = (np.abs(a - b) <= tolerance * np.maximum(1, np.abs(b))) | (a == b) | (np.isnan(a) & np.isnan(b))
    return bool(near.all())


def _readable(got: Any, want: np.ndarray, what: str) -> np.ndarray:
    wanted = f"a tensor of shape {want.shape}" if want.shape else "a number"
    if got is None:
        raise Wrong(f"  {what}: {NOTHING}")
    if callable(got) and not isinstance(got, torch.Tensor):
        raise Wrong(f"  {what}: your code returned {got!r}; expected {wanted}. Are the brackets of a call missing?")
    try:
        return to_array(got)
    except (TypeError, ValueError, RuntimeError):
        kind = type(got).__name__ + (f" of {len(got)}" if isinstance(got, list | tuple) else "")
        raise Wrong(f"  {what}: your code returned a {kind}; expected {wanted}.") from None


def _is(mistake: Any, got: Any) -> bool:
    """Whether the answer, which is no array, is this mistake."""
    try:
        return bool(mistake(got) if callable(mistake) else mistake == got)
    except Exception:
        return False


def _cause(have: np.ndarray, causes: Sequence[Cause], tolerance: float) -> str:
    """The sentence of the first mistake that explains the answer, or ""."""
    for mistake, sentence in causes:
        try:
            if isinstance(mistake, Callable) and not isinstance(mistake, torch.Tensor):
                explains = bool(mistake(have))
            else:
                value = to_array(mistake)
                explains = value.shape == have.shape and close(have, value, max(tolerance, 1e-9))
        except Exception:  # a mistake's test may not fit an answer of another shape
            explains = False
        if explains:
            return sentence
    return ""


def _usual_mistake(have: np.ndarray, want: np.ndarray, tolerance: float) -> str:
    """What can be said of any answer: a missing axis, NaN, another sign, another axis, a factor, an offset."""
    near = max(tolerance, 1e-9)
    if have.shape != want.shape:
        if have.size == want.size:
            flat = close(have.ravel(), want.ravel(), near)
            return "The values are right, the shape is not." if flat else "The shape is another one."
        if have.shape == () or want.shape == ():
            return "One of the two is a single number: is a mean or sum too many, or missing?"
        return "The shape is another one: look at the axis that is reduced."
    missing = np.isnan(have) & ~np.isnan(want)
    if missing.any():
        return f"{missing.sum()} of {have.size} values are NaN: is there 0/0, or the logarithm of 0?"
    if np.isinf(have).any() and not np.isinf(want).any():
        return "There is an infinite value: is something divided by 0?"
    if close(have, -want, near):
        return "Your sign is the other way round."
    if have.ndim == 2 and have.shape[0] == have.shape[1] and close(have.T, want, near):
        return "It is transposed: rows and columns are exchanged."
    if have.size > 1 and have.ndim == 1 and close(np.sort(have), np.sort(want), near):
        return "The values are right, their order is not."
    return _factor(have, want, near)


def _factor(have: np.ndarray, want: np.ndarray, near: float) -> str:
    with np.errstate(all="ignore"):
        ratio = np.unique(np.round(have[want != 0] / want[want != 0], 6))
    offset = np.unique(np.round(have - want, 6))
    if want.size > 1 and len(ratio) == 1 and np.isfinite(ratio[0]) and ratio[0] and close(have, ratio[0] * want, near):
        return f"Every value is {ratio[0]:g} times the expected one: a mean for a sum, or a factor?"
    if want.size > 1 and len(offset) == 1:
        return f"Every value is off by {offset[0]:+g}."
    return ""


def shortened(text: str) -> str:
    """One line of at most SHOWN characters."""
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else text[: SHOWN - 4] + " ..."


def _lines(got: str, expected: str) -> list[str]:
    return [f"  got       {shortened(got)}", f"  expected  {shortened(expected)}"]


def _shown(values: np.ndarray) -> str:
    text = np.array2string(values, precision=5, separator=", ", threshold=24, edgeitems=3, suppress_small=True)
    return text if values.ndim == 0 or values.size <= 24 else f"{text}, shape {values.shape}"


def _report(what: str, have: np.ndarray, want: np.ndarray, cause: str) -> str:
    if have.shape != want.shape:
        lines = _lines(f"shape {have.shape}", f"shape {want.shape}") if have.ndim + want.ndim else []
        return "\n".join(filter(None, [f"  {what}", *lines, f"  {cause}".rstrip()]))
    lines = [f"  {what}", *_lines(_shown(have), _shown(want))]
    with np.errstate(invalid="ignore"):
        off = np.abs(have - want)
    off = np.where((have == want) | (np.isnan(have) & np.isnan(want)), 0, off)
    worst = np.unravel_index(np.argmax(np.where(np.isnan(off), np.inf, off)), off.shape)
    place = f", at {[int(i) for i in worst]}" if off.ndim else ""
    lines.append(f"  largest difference {off[worst]:.3g}{place}")
    return "\n".join(lines + ([f"  {cause}"] if cause else []))
