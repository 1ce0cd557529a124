"""Checkpoints that are whole or not there."""

from __future__ import annotations

import errno
import os
import pickle
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor, nn


def write_whole(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Let `write` fill a file beside `path`, then put it in place of `path` in one step.

    A reader, or a run that is killed at any moment, finds the old file or the new one and never a part. OSError (a full
    disk, no permission) names the file and what to do; the part written is removed.
    """
    path = Path(path)
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        if not isinstance(error, OSError | RuntimeError):
            raise
        full = getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error)
        cause = "the disk is full: free some space" if full else f"{error}: check the folder"
        raise OSError(
            f"cannot write {path}: {cause}, then run again to resume. What was there before is untouched."
        ) from error


def save(path: Path, state: Mapping[str, Any]) -> None:
    """Write tensors, numbers, strings and containers of them, readable with weights_only=True."""
    write_whole(path, lambda file: torch.save(dict(state), file))


def load(path: Path, device: str | torch.device = "cpu") -> dict[str, Any]:
    """Read what `save` wrote. FileNotFoundError or ValueError say which file and what to do."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint at {path}: train first, or give another path")
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except (RuntimeError, EOFError, pickle.UnpicklingError, zipfile.BadZipFile, ValueError) as error:
        raise ValueError(f"{path} is not a whole checkpoint ({error}): delete it and train again") from error


def load_weights(module: nn.Module, state: Mapping[str, Tensor], source: str | Path) -> None:
    """Fill `module`, or raise ValueError that names the tensors which are missing, unknown or of another shape."""
    own = module.state_dict()
    problems = [f"{k} is missing" for k in own if k not in state]
    problems += [f"{k} is unknown" for k in state if k not in own]
    problems += [
        f"{k} is {tuple(state[k].shape)}, this model wants {tuple(own[k].shape)}"
        for k in own
        if k in state and state[k].shape != own[k].shape
    ]
    if problems:
        more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
        raise ValueError(
            f"the checkpoint {source} is of another model: {'; '.join(problems[:3])}{more}. "
            "Use the config.yaml beside it, or another checkpoint."
        )
    module.load_state_dict(state)


def rng_state() -> dict[str, Any]:
    """State of torch's global generators (dropout draws from them)."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"cpu": torch.get_rng_state(), "cuda": cuda}


def set_rng_state(state: Mapping[str, Any]) -> None:
    torch.set_rng_state(state["cpu"].cpu())
    if torch.cuda.is_available() and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([s.cpu() for s in state["cuda"]])
