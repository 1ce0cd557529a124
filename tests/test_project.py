"""The project's own rules: dependencies in step, imports in order, nothing of one machine in the tree."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PROJECT = tomllib.loads(PYPROJECT)["project"]

NOT_AT_THE_TOP = {".git", ".venv", "venv", "data", "build", "dist", "uv.lock"}  # dgnet_lite/data is code
NOT_ANYWHERE = ("__pycache__", "_cache", ".ipynb_checkpoints", ".egg-info", "runs")  # as a name or the end of one
NOTEBOOK_LIBRARIES = ("jupyter", "papermill", "ipywidgets", "nbval", "nbformat", "nbclient", "nbgrader", "IPython")


def project_files() -> Iterator[Path]:
    """Files a commit could hold, found without git."""
    for folder, folders, files in os.walk(ROOT):
        skipped = NOT_AT_THE_TOP if Path(folder) == ROOT else set()
        folders[:] = sorted(name for name in folders if name not in skipped and not name.endswith(NOT_ANYWHERE))
        yield from (Path(folder) / name for name in sorted(files) if name not in skipped)


def module_files(root: Path, package: str = "dgnet_lite") -> dict[str, Path]:
    """Dotted name -> file of every module of the package under `root`; a package goes by its own name."""
    modules = {}
    for path in sorted((root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return modules


def run_time_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those that only a type checker sees."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for branch in node.orelse:
                yield branch
                yield from run_time_nodes(branch)
        else:
            yield node
            yield from run_time_nodes(node)


def imports_of(name: str, modules: dict[str, Path]) -> set[str]:
    """The package's own modules that module `name` imports, at its top or inside a function."""
    package = name if modules[name].name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in run_time_nodes(ast.parse(modules[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                submodule = f"{base}.{alias.name}"
                found.add(submodule if submodule in modules else base)
    return found & modules.keys()


def import_graph(root: Path, package: str = "dgnet_lite") -> dict[str, set[str]]:
    modules = module_files(root, package)
    return {name: imports_of(name, modules) for name in modules}


def find_circle(graph: dict[str, set[str]]) -> list[str] | None:
    """One circle as the names along it, the first again at the end; None when there is none."""
    finished: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str] | None:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in finished:
            return None
        for target in sorted(graph[name]):
            circle = visit(target, [*path, name])
            if circle:
                return circle
        finished.add(name)
        return None

    return next((circle for name in sorted(graph) if (circle := visit(name, []))), None)


def room(name: str) -> str:
    """The part of a module's name after the package's: 'training' of 'dgnet_lite.training.loop'."""
    return name.partition(".")[2].partition(".")[0]


ROOMS = {room(name) for name in module_files(ROOT)}


def offending_imports(graph: dict[str, set[str]], importers: set[str], forbidden: set[str]) -> list[str]:
    """'a imports b' for each import of a forbidden room by one of the importing rooms."""
    return [
        f"{name} imports {target}"
        for name, targets in sorted(graph.items())
        for target in sorted(targets)
        if room(name) in importers and room(target) in forbidden
    ]


@pytest.fixture
def write_package(tmp_path):
    """Writes a package `toy` from {file: source} and returns its import graph."""

    def write(**sources: str) -> dict[str, set[str]]:
        for name in ("__init__", *sources):
            path = tmp_path / "toy" / f"{name.replace('__in__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(sources.get(name, ""), encoding="utf-8")
        return import_graph(tmp_path, "toy")

    return write


def requirement_lines() -> list[str]:
    """The lines of pyproject.toml that hold a requirement."""
    within = False
    lines = []
    for line in PYPROJECT.splitlines():
        if re.match(r"(requires|dependencies|course|dev|browser|faiss|fid) = \[", line):
            within = True
        elif line.startswith("]"):
            within = False
        elif within:
            lines.append(line)
    return lines


def test_every_requirement_is_one_line_with_its_reason():
    without = [line for line in requirement_lines() if not re.fullmatch(r'\s+"[^"]+",\s+# \S.{3,}', line)]
    assert without == []


def test_the_requirement_lines_are_all_the_requirements():
    build = tomllib.loads(PYPROJECT)["build-system"]["requires"]
    extras = [name for extra in PROJECT["optional-dependencies"].values() for name in extra]
    assert len(requirement_lines()) == len(build) + len(PROJECT["dependencies"]) + len(extras)


def test_no_requirement_has_an_upper_cap():
    extras = [name for extra in PROJECT["optional-dependencies"].values() for name in extra]
    assert [r for r in PROJECT["dependencies"] + extras if re.search(r"<|==|~=", r)] == []


def environment() -> dict:
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def test_the_conda_environment_takes_the_same_python():
    python = [d for d in environment()["dependencies"] if isinstance(d, str) and d.startswith("python")]
    assert python == ["python" + PROJECT["requires-python"]]


def test_the_conda_environment_installs_the_package_with_the_extras_that_make_installs():
    extras = re.search(r"^EXTRAS := \.(\[\S+\])$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[1]
    assert environment()["dependencies"][1:] == ["pip", {"pip": [f"-e .{extras}"]}]


def test_the_extras_that_are_installed_exist():
    named = re.search(r"\[(.+)\]", environment()["dependencies"][-1]["pip"][0])[1].split(",")
    assert set(named) <= PROJECT["optional-dependencies"].keys()


def test_the_conda_environment_names_its_channels_and_no_host():
    assert all(re.fullmatch(r"[a-z-]+", channel) for channel in environment()["channels"])


@pytest.mark.parametrize("ignored", ["uv.lock", "runs/", "/data/", ".venv/"])
def test_git_ignores(ignored):
    assert ignored in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("target", ["help", "setup", "demo", "toy", "lab", "test", "check", "browser", "clean"])
def test_make_explains_the_target(target):
    assert re.search(rf"^{target}:.* ## \S", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_continuous_integration_calls_make_alone_and_installs_but_a_browser():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert "set -euo pipefail" in script
    assert [line for line in script if line.startswith("make")] == ["make test", "make browser PYTEST=-rs"]
    assert re.findall(r"install --yes (.*);", "\n".join(script)) == ["--no-install-recommends chromium"]


def test_the_package_has_no_import_circle():
    assert find_circle(import_graph(ROOT)) is None


def test_a_circle_is_found(write_package):
    graph = write_package(a="from . import b", b="def f():\n    from toy.c import x", c="import toy.a")
    assert find_circle(graph) == ["toy.a", "toy.b", "toy.c", "toy.a"]


def test_a_package_that_re_exports_from_its_module_is_no_circle(write_package):
    assert find_circle(write_package(a="from . import b", b="", __init__="from toy.a import x")) is None


def test_an_import_for_the_type_checker_makes_no_circle(write_package):
    checker = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .b import B"
    assert find_circle(write_package(a=checker, b="from toy.a import A")) is None


def test_data_networks_and_losses_know_nothing_of_training():
    importers = {"config", "presets", "validation", "data", "networks", "dgnet", "losses", "labels", "schedule"}
    later = {"training", "evaluation", "ablation", "official", "show", "course"}
    assert offending_imports(import_graph(ROOT), importers, later) == []


def test_only_the_course_imports_what_a_person_looks_at():
    assert offending_imports(import_graph(ROOT), ROOMS - {"course", "show"}, {"show"}) == []


def test_nothing_imports_the_course():
    assert offending_imports(import_graph(ROOT), ROOMS - {"course"}, {"course"}) == []


def test_a_forbidden_import_is_named(write_package):
    graph = write_package(losses="from .training import fit", training="")
    assert offending_imports(graph, {"losses"}, {"training"}) == ["toy.losses imports toy.training"]


IMPORT_WITHOUT_NOTEBOOKS = """
import importlib, importlib.abc, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname, path=None, target=None):
        if fullname.startswith({absent}):
            raise ModuleNotFoundError("blocked by the test: " + fullname, name=fullname)

sys.meta_path.insert(0, Absent())
for name in {modules}:
    importlib.import_module(name)
"""


def import_without_notebook_libraries(modules: list[str]) -> subprocess.CompletedProcess[str]:
    """Import the modules in a fresh Python that lacks the notebooks' libraries."""
    code = IMPORT_WITHOUT_NOTEBOOKS.format(absent=NOTEBOOK_LIBRARIES, modules=modules)
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)


NEEDS_NOTEBOOKS = ("dgnet_lite.course", "dgnet_lite.show.widgets")


def test_all_but_the_course_and_the_widgets_imports_without_the_libraries_of_notebooks():
    modules = [name for name in module_files(ROOT) if not name.startswith(NEEDS_NOTEBOOKS)]
    result = import_without_notebook_libraries(modules)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("module", ["dgnet_lite.course.papermill_run", "dgnet_lite.show.widgets.trainer"])
def test_the_course_and_the_widgets_need_the_libraries_of_notebooks(module):
    result = import_without_notebook_libraries([module])
    assert "blocked by the test" in result.stderr


# Written so that this file does not match them.
OF_ONE_MACHINE = re.compile(r"(?<![\w.])/(?:root|work|home|Users)/\w")
# An index is where packages are listed: ".../simple/", ".../whl/cpu", a conda channel, or the flag that names one.
OF_A_REGISTRY = re.compile(r"https?://[^\s\"')>]*/(?:simple|whl|packages|conda)/|--(?:extra-)?index-url\s+\S+:")


@pytest.mark.parametrize(
    "pattern", [pytest.param(OF_ONE_MACHINE, id="a-machine"), pytest.param(OF_A_REGISTRY, id="a-package-registry")]
)
def test_no_file_names_a_path_or_host_of(pattern):
    found = []
    for path in project_files():
        text = path.read_bytes().decode("utf-8", errors="ignore")
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in pattern.finditer(text)]
    assert found == []


@pytest.mark.parametrize(
    "text", ["https" + "://host.example/simple/torch", "pip install --index-" + "url http:" + "//host"]
)
def test_an_index_of_packages_would_be_found(text):
    assert OF_A_REGISTRY.search(text)


def test_the_files_searched_include_the_package_and_not_the_environment():
    files = {path.relative_to(ROOT).as_posix() for path in project_files()}
    assert "dgnet_lite/__init__.py" in files
    assert not any(name.startswith((".venv/", ".git/", "runs/")) for name in files)
