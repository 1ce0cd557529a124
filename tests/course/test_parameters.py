"""A notebook's parameters, as papermill hands them over."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from dgnet_lite.course.parameters import collect, near, project_folder, refuse_unknown


@dataclass(frozen=True)
class Two:
    scale: str
    seeds: tuple[int, ...]


def test_a_misspelt_name_in_the_injected_cell_is_refused_with_the_right_one():
    with pytest.raises(ValueError, match=r"unknown parameter 'scael'. Did you mean 'scale'\?"):
        refuse_unknown(["", "scale = 'demo'", '# Parameters\nscael = "toy"\n'], ["scale"])


def test_a_variable_of_any_other_cell_is_no_parameter():
    refuse_unknown(["", "scale = 'demo'", "# Parameters\nscale = 'toy'\n", "note = 1"], ["scale"])


def test_parameters_are_taken_by_name_and_lists_become_tuples():
    assert collect(Two, {"scale": "toy", "seeds": [0, 1], "other": 3}) == Two("toy", (0, 1))


def test_a_collected_notebook_with_an_unknown_parameter_is_refused():
    with pytest.raises(ValueError, match="unknown parameter 'sede'"):
        collect(Two, {"scale": "toy", "seeds": [0], "In": ["", "# Parameters\nsede = 1"]})


def test_the_project_is_found_from_a_folder_inside_it(monkeypatch):
    root = Path(__file__).resolve().parents[2]
    monkeypatch.chdir(root / "tests" / "course")
    assert project_folder() == root


def test_outside_the_project_results_go_to_the_current_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert project_folder() == tmp_path


def test_a_path_inside_the_current_folder_is_shown_from_there(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert near(tmp_path / "runs" / "demo") == Path("runs/demo")


def test_a_path_elsewhere_is_shown_whole(monkeypatch, tmp_path):
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    assert near(tmp_path / "b") == tmp_path / "b"
