"""Checks of a config's values, with messages that say what is allowed and what may have been meant."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args, get_origin, get_type_hints

# Lowest and highest value of the settings that have one; a setting that is not here may be any number from 0 up.
RANGES: dict[str, tuple[float, float]] = {
    "data.erasing": (0, 1),
    "networks.backbone_width": (1, math.inf),
    "networks.last_stride": (1, 2),
    "networks.feature_dim": (1, math.inf),
    "networks.dropout_prim": (0, 1),
    "networks.dropout_fine": (0, 1),
    "networks.teacher_last_stride": (1, 2),
    "networks.dropout_teacher": (0, 1),
    "networks.structure_width": (1, math.inf),
    "networks.structure_channels": (1, math.inf),
    "networks.structure_dilations": (1, math.inf),
    "networks.generator_dilations": (1, math.inf),
    "networks.mlp_width": (1, math.inf),
    "networks.upsampling_kernel": (1, math.inf),
    "networks.discriminator_width": (1, math.inf),
    "networks.discriminator_scales": (1, math.inf),
    "losses.warm_up": (0, 1),
    "losses.ramp": (0, 1),
    "losses.code_ramp": (0.01, 1),
    "losses.punishment_every": (1, math.inf),
    "optim.batch_size": (2, math.inf),  # a swap needs two images
    "optim.adam_betas": (0, 1),
    "optim.lr_steps": (0, 1),
    "optim.steps": (1, math.inf),
    "optim.teacher_steps": (1, math.inf),
    "optim.teacher_batch_size": (2, math.inf),  # x_i and x_t
    "run.checkpoint_every": (1, math.inf),
    "run.log_every": (1, math.inf),
    "run.image_every": (1, math.inf),
}


def check_ranges(values: Mapping[str, Any]) -> None:
    """Raise ValueError where a number, or one of a list, is outside its range, or is not a number.

    values: dotted name -> value, as `flatten` gives them.
    """
    for name, value in values.items():
        low, high = RANGES.get(name, (0, math.inf))
        numbers = value if isinstance(value, list) else [value]
        if not all(low <= v <= high for v in numbers if isinstance(v, int | float)):
            wanted = f"at least {low}" if high == math.inf else f"from {low} to {high}"
            raise ValueError(f"{name} is {value}; it must be {wanted}")


def check_types(config: Any, section: str = "") -> None:
    """Raise ValueError where a field's value is not of its annotated type; an int is accepted for a float."""
    for name, hint in get_type_hints(type(config)).items():
        value = getattr(config, name)
        if dataclasses.is_dataclass(hint) and isinstance(value, hint):
            check_types(value, f"{name}.")
        elif dataclasses.is_dataclass(hint):
            raise ValueError(
                f"{name} is {value!r}; it is a section, with settings such as {name}.{field_names(hint)[0]}"
            )
        elif not _fits(value, hint):
            choices = get_args(hint) if get_origin(hint) is Literal else ()
            shown = " or ".join(repr(v) for v in choices) or (str(hint) if get_args(hint) else hint.__name__)
            raise ValueError(f"{section}{name} is {value!r}; it must be {shown}{meant(value, choices, list_all=False)}")


def _fits(value: Any, hint: Any) -> bool:
    origin, args = get_origin(hint), get_args(hint)
    if origin is Literal:
        return value in args
    if origin is tuple:
        kinds = (args[0],) * len(value) if args[-1] is Ellipsis and isinstance(value, tuple) else args
        return isinstance(value, tuple) and len(value) == len(kinds) > 0 and all(map(_fits, value, kinds))
    if args:  # a union
        return any(value is None if a is type(None) else _fits(value, a) for a in args)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, hint) and not (hint is int and isinstance(value, bool))


def field_names(config: Any) -> tuple[str, ...]:
    """Names of a dataclass's fields; none for anything else."""
    return tuple(f.name for f in dataclasses.fields(config)) if dataclasses.is_dataclass(config) else ()


def flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries as one with dotted names."""
    flat = {}
    for k, v in values.items():
        flat |= flatten(v, f"{prefix}{k}.") if isinstance(v, dict) else {f"{prefix}{k}": v}
    return flat


def meant(word: Any, known: Iterable[Any], *, list_all: bool = True) -> str:
    """The end of a message about an unknown word: the known one that is closest, or a short list of all."""
    known = [str(k) for k in known]
    close = difflib.get_close_matches(str(word), known, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known: {', '.join(known)}" if list_all and len(known) < 8 else ""
