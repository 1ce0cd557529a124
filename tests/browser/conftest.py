"""JupyterLab on a copy of the project, and a notebook of it opened in Chromium, looked at, run, and looked at again.

The copy lies in a temporary folder, is the one that the notebooks import the package from, and holds whatever they
write. What a look reports is said in look.js.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dgnet_lite.course import ROOT

COPIED = (
    "dgnet_lite",
    "notebooks",
    "exercises",
    "solutions",
    "pyproject.toml",
    "README.md",
    "CONTRIBUTING.md",
    "LICENSE",
)
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

PROFILE = os.environ.get("DGNET_PROFILE") or "smoke"
PATIENCE = {"smoke": 300}.get(PROFILE, 3600)
"""Seconds that a notebook may run."""
OPENING = 180
"""Seconds until JupyterLab answers, and until a notebook is open and its kernel ready."""

AROUND = 180
"""Pixels of a window beside the outputs: borders and prompts, with the side bars folded."""
WIDTHS = (1100, 900)
"""Pixels for the outputs: about what JupyterLab gives on a laptop, and what GitHub gives. Pictures show the first."""
HEIGHT = 1400

LOOK = (Path(__file__).parent / "look.js").read_text(encoding="utf-8")

# The menu drops what is clicked while the kernel starts, though the page says "idle"; the application knows.
READY = """async (milliseconds) => {
  const opened = async () => {
    const app = window.jupyterapp;
    await app.restored;
    app.shell.collapseLeft();
    const panel = app.shell.currentWidget;
    await panel.context.ready;
    await panel.revealed;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
    return "";
  };
  const late = new Promise((resolve) => setTimeout(resolve, milliseconds, "the notebook or its kernel is not ready"));
  return await Promise.race([opened(), late]);
}"""

# An error ends Run All: the cells after it stay without a count.
ENDED = """() => {
  const cells = window.jupyterapp.shell.currentWidget.content.widgets.filter(
    (cell) => cell.model.type === "code" && cell.model.sharedModel.getSource().trim());
  const kinds = ({ outputs }) => Array.from({ length: outputs.length }, (_, n) => outputs.get(n).type);
  const failed = cells.some((cell) => kinds(cell.model).includes("error"));
  return cells.every((cell) => cell.model.executionState === "idle" && (failed || cell.model.executionCount !== null));
}"""

UNFOLD = "() => document.querySelectorAll('.jp-Notebook details').forEach((each) => { each.open = true; })"
SCROLL = "(top) => { document.querySelector('.jp-WindowedPanel-outer').scrollTop = top; }"
# One may scroll on, past the last cell.
HEIGHTS = """() => {
  const all = document.querySelector(".jp-WindowedPanel-outer");
  const bottom = Math.max(...[...all.querySelectorAll(".jp-Cell")].map((cell) => cell.getBoundingClientRect().bottom));
  return [bottom - all.getBoundingClientRect().top + all.scrollTop, all.clientHeight];
}"""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take part when asked for with -m browser, and never else: it needs a browser and minutes."""
    if "browser" not in config.option.markexpr:
        mine = [item for item in items if item.get_closest_marker("browser")]
        config.hook.pytest_deselected(items=mine)
        items[:] = [item for item in items if item not in mine]


@dataclass
class Opened:
    """What was seen of a notebook: as it is stored, and after Run All Cells."""

    name: str
    """As in "notebooks/00_start_here"."""
    stored: dict[str, Any] = field(default_factory=dict)
    ran: dict[str, Any] = field(default_factory=dict)
    console: list[str] = field(default_factory=list)
    """Errors in the page's console, and exceptions that nobody caught."""


@dataclass(frozen=True)
class Project:
    """A copy of the project, and the environment in which what serves it runs."""

    folder: Path
    environment: dict[str, str]


@dataclass(frozen=True)
class Lab:
    """JupyterLab, or what else shows notebooks, that answers."""

    address: str
    """With `{}` where a notebook's path goes."""
    project: Path
    """The folder that it serves, a copy of the project."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser without a window; skips where Playwright or a Chromium is missing."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install -e '.[browser]'")
    with playwright.sync_playwright() as p:
        own = p.chromium.executable_path
        found = next(filter(None, map(shutil.which, CHROMIUM)), own if Path(own).exists() else None)
        if found is None:
            pytest.skip("no Chromium: install your system's, or python -m playwright install chromium")
        # It shall ask nobody but JupyterLab.
        browser = p.chromium.launch(executable_path=found, args=["--disable-gpu", "--disable-quic", "--disable-sync"])
        yield browser
        browser.close()


def settings(folder: Path) -> dict[str, str]:
    """Write JupyterLab's settings under `folder`; returns the environment that makes it use them and nobody's own."""
    written = {
        "config/labconfig/page_config.json": {
            "disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}  # asks, and calls home
        },
        # Else cells outside the window are not there to be looked at.
        "settings/@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
    }
    for name, values in written.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(values), encoding="utf-8")
    return {
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_PREFER_ENV_PATH": "1",
    }


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The copy, with settings of its own beside it."""
    folder = tmp_path_factory.mktemp("jupyter")
    copy = folder / "project"
    copy.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            unwanted = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
            shutil.copytree(ROOT / name, copy / name, ignore=unwanted)
        else:
            shutil.copy(ROOT / name, copy / name)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("DGNET_", "JUPYTER"))}
    environment |= settings(folder) | {"PYTHONPATH": str(copy), "DGNET_PROFILE": PROFILE}
    environment.setdefault("OMP_NUM_THREADS", "1")
    return Project(copy, environment)


@contextlib.contextmanager
def serving(application: str, project: Project) -> Iterator[Lab]:
    """JupyterLab ("jupyterlab"), Notebook 7 ("notebook") or Voila ("voila") on the project, until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token, server = secrets.token_hex(16), f"http://127.0.0.1:{port}"
    jupyter = [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={project.folder}"]
    jupyter.append("--ServerApp.ip=127.0.0.1")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        jupyter.append("--allow-root")  # in a container
    options, path, answers = {
        "jupyterlab": (
            [*jupyter, "--LabApp.extension_manager=readonly", "--LabApp.expose_app_in_browser=True"],
            f"lab/tree/{{}}?token={token}&reset",
            "api",
        ),
        "notebook": (
            [*jupyter, "--JupyterNotebookApp.expose_app_in_browser=True"],
            f"notebooks/{{}}?token={token}",
            "api",
        ),
        "voila": ([f"--port={port}", "--Voila.ip=127.0.0.1", str(project.folder)], "voila/render/{}", "voila/tree"),
    }[application]
    log = project.folder.parent / f"{application}.log"
    with log.open("w") as out:
        secret = {"JUPYTER_TOKEN": token}  # not in the command, which others on the machine can read
        process = subprocess.Popen(
            [sys.executable, "-m", application, "--no-browser", *options],
            env=project.environment | secret,
            cwd=project.folder,
            stdout=out,
            stderr=out,
        )
        try:
            wait_for(f"{server}/{answers}", process, log)
            yield Lab(f"{server}/{path}", project.folder)
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture(scope="session")
def lab(project: Project, chromium: Any) -> Iterator[Lab]:
    """JupyterLab on a copy of the project."""
    with serving("jupyterlab", project) as lab:
        yield lab


def wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the server answers; fail with its log when it ended or is silent for too long."""
    end = time.monotonic() + OPENING
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"{log.stem} did not start:\n{log.read_text(encoding='utf-8')[-3000:]}")


@pytest.fixture(scope="session")
def open_notebook(chromium: Any, lab: Lab) -> Callable[[str, list[str]], contextlib.AbstractContextManager[Any]]:
    """`notebook_page` of this browser and this JupyterLab."""
    return functools.partial(notebook_page, chromium, lab)


@pytest.fixture(scope="session")
def run_all_cells() -> Callable[[Any], None]:
    return run_all


@pytest.fixture(scope="session")
def see(chromium: Any, lab: Lab) -> Callable[[str], Opened]:
    """Opens the notebook of a name, looks at it, runs it by the menu, and looks again."""
    return functools.partial(see_in, chromium, lab)


@pytest.fixture(scope="module")
def opened(request: pytest.FixtureRequest, see: Callable[[str], Opened]) -> Opened:
    """What was seen of the notebook that the parameter names."""
    return see(request.param)


@contextlib.contextmanager
def notebook_page(chromium: Any, lab: Lab, name: str, console: list[str]) -> Iterator[Any]:
    """A page with the notebook of this name open and its kernel ready; what the page's console says goes to a list."""
    page = chromium.new_page(viewport={"width": WIDTHS[0] + AROUND, "height": HEIGHT})
    page.set_default_timeout(1000 * OPENING)
    page.on("console", lambda said: console.append(of_console(said)) if said.type == "error" else None)
    page.on("pageerror", lambda error: console.append(str(error)))
    try:
        page.goto(lab.address.format(f"{name}.ipynb"))
        page.locator(".jp-NotebookPanel .jp-Notebook").wait_for()
        missing = page.evaluate(READY, 1000 * OPENING)
        assert not missing, missing
        yield page
        page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    finally:
        page.close()


def run_all(page: Any) -> None:
    """Run All Cells from the menu, and wait for the last; a cell that fails or does not end is left for the look."""
    from playwright.sync_api import TimeoutError as TooLate

    choose(page, "Edit", "Clear Outputs of All Cells")  # or a count could be an old one
    choose(page, "Run", "Run All Cells")
    with contextlib.suppress(TooLate):
        page.wait_for_function(ENDED, timeout=1000 * PATIENCE, polling=500)


def see_in(chromium: Any, lab: Lab, name: str) -> Opened:
    opened = Opened(name)
    with notebook_page(chromium, lab, name, opened.console) as page:
        opened.stored = look(page, f"stored/{name}")
        run_all(page)
        opened.ran = look(page, f"{PROFILE}/{name}")
    return opened


def of_console(message: Any) -> str:
    return f"{message.text} ({message.location.get('url', '').partition('?')[0]})"


def choose(page: Any, menu: str, entry: str) -> None:
    """Click an entry of the menu bar, as a learner does."""
    page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(rf"^{menu}$")).click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile(rf"^{entry}$")).click()


def look(page: Any, name: str) -> dict[str, Any]:
    """What look.js reports at the first width, and under "wide" what does not fit at any width; with pictures of it."""
    seen: dict[str, Any] = {}
    page.evaluate(UNFOLD)
    for width in reversed(WIDTHS):
        page.set_viewport_size({"width": width + AROUND, "height": HEIGHT})
        page.wait_for_function("() => document.querySelector('.jp-NotebookPanel').clientWidth < window.innerWidth")
        page.wait_for_timeout(500)
        wide = seen.get("wide", [])
        seen = page.evaluate(LOOK)
        seen["wide"] = wide + [f"{line} (at {width} px)" for line in seen["wide"]]
    if os.environ.get("DGNET_SCREENSHOTS"):
        photograph(page, Path(os.environ["DGNET_SCREENSHOTS"], name))
    return seen


def photograph(page: Any, stem: Path) -> None:
    """Save the whole notebook as STEM-01.png, STEM-02.png, ... from top to bottom, a window's height each."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    for old in stem.parent.glob(f"{stem.name}-*.png"):
        old.unlink()
    total, height = page.evaluate(HEIGHTS)
    for number, top in enumerate(range(0, round(total), height - 40), start=1):
        page.evaluate(SCROLL, top)
        page.wait_for_timeout(200)
        page.locator(".jp-WindowedPanel-outer").screenshot(path=f"{stem}-{number:02d}.png")
    page.evaluate(SCROLL, 0)
