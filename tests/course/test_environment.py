"""The environment report: every problem is found, and each has its mend."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import dgnet_lite
from dgnet_lite.course import environment
from dgnet_lite.course.environment import Finding

REQUIRED = ["torch>=2.11", "numpy", "ipywidgets>=8"]
INSTALLED = {"torch": "2.15.0+cu132", "numpy": "2.3.1", "ipywidgets": "8.1.7"}


def test_what_is_installed_in_a_version_that_will_do_is_all_right():
    assert environment.packages(REQUIRED, INSTALLED) == Finding("packages", "all 3 are there")


def test_a_missing_package_is_named_with_its_mend():
    found = environment.packages(REQUIRED, {k: v for k, v in INSTALLED.items() if k != "numpy"})
    assert found.found == "missing: numpy"
    assert "make setup" in found.mend


def test_a_package_that_is_too_old_is_named_with_both_versions():
    assert environment.packages(REQUIRED, INSTALLED | {"torch": "2.4.0"}).found == "torch is 2.4.0 and must be >=2.11"


def test_packages_are_looked_for_in_this_python():
    assert environment.packages(["numpy", "no-such-package-here"]).found == "missing: no-such-package-here"


@pytest.mark.parametrize(("version", "fits"), [((3, 10, 9), False), ((3, 11, 0), True), ((3, 14, 0), False)])
def test_python_must_be_of_a_version_that_the_project_takes(version, fits):
    assert (not environment.python(">=3.11,<3.14", version).mend) == fits


def test_a_package_imported_from_another_checkout_is_a_problem(tmp_path):
    (tmp_path / "dgnet_lite").mkdir()
    assert "Change Kernel" in environment.package(Path(dgnet_lite.__file__).parent, tmp_path).mend


def test_a_notebook_outside_any_checkout_is_none(tmp_path):
    assert environment.package(Path(dgnet_lite.__file__).parent, tmp_path).mend == ""


def test_too_little_room_on_the_disk_says_how_much_to_free():
    assert environment.disk(400_000_000).mend.startswith("free 0.6 GB more")


def test_enough_room_on_the_disk_is_all_right():
    assert environment.disk(60_000_000_000) == Finding("disk", "60 GB free")


def test_idle_cores_are_a_problem_unless_they_were_asked_for(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert "torch.set_num_threads(2)" in environment.threads(1, 2).mend
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert environment.threads(1, 2).mend == ""


def test_no_gpu_is_no_problem():
    assert environment.accelerator(cuda=False, mps=False).mend == ""


def test_a_folder_that_cannot_be_written_is_a_problem(monkeypatch, tmp_path):
    monkeypatch.setattr(environment.os, "access", lambda *_: False)
    assert "copy the project" in environment.writable(tmp_path).mend


def test_the_report_counts_the_problems_and_puts_each_mend_beneath(monkeypatch):
    findings = [Finding("disk", "0.4 GB free", "free more"), Finding("GPU", "none")]
    monkeypatch.setattr(environment, "examine", lambda folder: findings)
    lines = environment.report().splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["mend", "->", "ok"]
    assert lines[1].endswith("-> free more")
    assert lines[-1] == "1 to mend; the line beneath each says how."


def test_the_report_of_this_machine_names_no_folder_of_it():
    report = environment.report()
    assert str(Path.home()) not in report
    assert sys.prefix not in report
