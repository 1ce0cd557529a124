"""Is this machine ready for the course? Each thing that is looked at, what was found, and how to mend it.

from dgnet_lite.course import environment

print(environment.report())
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from packaging.requirements import Requirement

import dgnet_lite
from dgnet_lite.course import ROOT
from dgnet_lite.course.parameters import project_folder

SETUP = "make setup, or without make: pip install -e '.[course,dev]' in the project's folder"
KERNEL = "in JupyterLab choose Kernel > Change Kernel, or start it anew with: make lab"
FREE_GB = 1.0
"""Enough for Toy Market and the runs of the lessons, not for installing the packages."""


@dataclass(frozen=True)
class Finding:
    """One line of the report; `mend` is empty when all is well."""

    what: str
    found: str
    mend: str = ""


def report(folder: Path = ROOT) -> str:
    """All findings, a line each, problems with their mends beneath, and a verdict."""
    findings = examine(folder)
    lines = []
    for each in findings:
        lines.append(f"{'mend' if each.mend else 'ok':6s}{each.what:12s}{each.found}")
        if each.mend:
            lines.append(f"{'':6s}{'':12s}-> {each.mend}")
    problems = sum(bool(each.mend) for each in findings)
    verdict = "Everything is ready." if not problems else f"{problems} to mend; the line beneath each says how."
    return "\n".join([*lines, "", verdict])


def examine(folder: Path = ROOT) -> list[Finding]:
    """Look at everything; `folder` is the checkout."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    return [
        python(project["requires-python"]),
        package(Path(dgnet_lite.__file__).parent, project_folder()),
        packages([*project["dependencies"], *extras["course"]]),
        torch_works(),
        threads(torch.get_num_threads(), len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None),
        accelerator(torch.cuda.is_available(), torch.backends.mps.is_available()),
        disk(shutil.disk_usage(folder).free),
        writable(folder),
    ]


def python(wanted: str, version: tuple[int, int, int] = sys.version_info[:3]) -> Finding:
    """Whether this Python fits `wanted`, as in ">=3.11,<3.14"."""
    text = ".".join(map(str, version))
    if text in Requirement(f"python{wanted}").specifier:
        return Finding("Python", text)
    return Finding(
        "Python", f"{text}, but {wanted} is needed", f"make clean, then {SETUP.replace('make setup', 'make')}"
    )


def package(imported: Path, here: Path) -> Finding:
    """Whether the package in use is the one of the checkout that the notebook lies in."""
    if (here / "dgnet_lite").is_dir() and (here / "dgnet_lite").resolve() != imported.resolve():
        return Finding("dgnet_lite", "imported from another folder than this notebook's", f"{KERNEL}; or {SETUP}")
    return Finding("dgnet_lite", dgnet_lite.__version__)


def packages(wanted: Iterable[str], installed: Mapping[str, str] | None = None) -> Finding:
    """Whether each requirement, as in "torch>=2.11", is installed in a version that will do.

    `installed` is {name: version}; None asks this Python.
    """
    missing, old = [], []
    requirements = [Requirement(text) for text in wanted]
    for each in requirements:
        version = _version(each.name) if installed is None else installed.get(each.name)
        if version is None:
            missing.append(each.name)
        elif not each.specifier.contains(version, prereleases=True):
            old.append(f"{each.name} is {version} and must be {each.specifier}")
    if not missing and not old:
        return Finding("packages", f"all {len(requirements)} are there")
    said = ([f"missing: {', '.join(missing)}"] if missing else []) + old
    return Finding("packages", "; ".join(said), SETUP)


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def torch_works() -> Finding:
    """Whether torch computes."""
    try:
        total = (torch.ones(64, 64) @ torch.ones(64, 64)).sum().item()
    except RuntimeError as error:
        return Finding("torch", f"{torch.__version__} fails: {error}", f"make clean, then {SETUP}")
    return Finding("torch", f"{torch.__version__}, 64 x 64 x 64 = {total:,.0f}")


def threads(used: int, cores: int | None) -> Finding:
    """Whether torch uses the cores that this process may use."""
    found = f"torch uses {used} of {cores or 'unknown'} cores"
    asked = os.environ.get("OMP_NUM_THREADS")
    if asked:
        return Finding("threads", f"{found}, since OMP_NUM_THREADS={asked} is set")
    if cores and used == 1 < cores:
        return Finding("threads", found, f"torch.set_num_threads({cores}) after import torch; it only costs time")
    return Finding("threads", found)


def accelerator(cuda: bool, mps: bool) -> Finding:
    """Which GPU there is; none is needed."""
    if cuda:
        return Finding(
            "GPU", f"{torch.cuda.get_device_name()}; the lessons run on the CPU, lesson 13 takes device='cuda'"
        )
    if mps:
        return Finding("GPU", "Apple's; the lessons run on the CPU and do not need it")
    return Finding("GPU", "none, and none is needed: every lesson is made for a CPU")


def disk(free: int) -> Finding:
    """Whether `free` bytes are enough."""
    gigabytes = free / 1e9
    found = f"{gigabytes:,.0f} GB free" if gigabytes >= 10 else f"{gigabytes:.1f} GB free"
    if gigabytes < FREE_GB:
        mend = f"free {FREE_GB - gigabytes:.1f} GB more, or set data_root to a folder on another disk"
        return Finding("disk", found, mend)
    return Finding("disk", found)


def writable(folder: Path) -> Finding:
    """Whether data/ and runs/ can be made in the checkout."""
    if os.access(folder, os.W_OK):
        return Finding("folder", "the project's folder can be written")
    return Finding("folder", "the project's folder cannot be written", "copy the project to a folder of your own")
