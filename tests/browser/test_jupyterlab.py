"""Every lesson and every exercise notebook as a learner sees it: in JupyterLab, in a browser.

    python -m pytest tests/browser -m browser                        # profile smoke
    DGNET_PROFILE=toy python -m pytest tests/browser -m browser      # what learners run; notebook 13 takes long
    DGNET_SCREENSHOTS=runs/screenshots python -m pytest tests/browser -m browser -k 05_patchgan

It needs Playwright (`pip install -e '.[browser]'`) and a Chromium, and is skipped without. It is left out unless
`-m browser` asks for it. Each notebook is opened, looked at as it is stored, run with Run > Run All Cells, and looked
at again, each time 1100 and 900 pixels wide. The notebooks are those of a copy in a temporary folder. With
DGNET_SCREENSHOTS the whole page is saved in that folder, from top to bottom: under stored/ as it is stored, under
smoke/ or toy/ as it ran.
"""

from __future__ import annotations

import nbformat
import pytest

from dgnet_lite.course import ROOT
from dgnet_lite.course.books import KERNEL, lesson_paths
from dgnet_lite.course.budgets import name_of

NOTEBOOKS = [name_of(path) for folder in ("notebooks", "exercises") for path in lesson_paths(ROOT / folder)]

pytestmark = [pytest.mark.browser, pytest.mark.slow]
of_every_notebook = pytest.mark.parametrize("opened", NOTEBOOKS, indirect=True, scope="module")  # each is opened once


@of_every_notebook
def test_run_all_cells_gets_to_the_end(opened):
    assert opened.ran["unfinished"] == []
    assert opened.ran["count"]["code"] > 0


@of_every_notebook
def test_no_cell_shows_an_error(opened):
    assert opened.ran["errors"] == []


@of_every_notebook
def test_no_cell_shows_a_warning(opened):
    assert opened.ran["warnings"] == []


@of_every_notebook
def test_the_console_of_the_page_shows_no_error(opened):
    assert opened.console == []


@of_every_notebook
@pytest.mark.parametrize("state", ["stored", "ran"])
def test_every_picture_is_drawn(opened, state):
    assert getattr(opened, state)["pictures"] == []


@of_every_notebook
@pytest.mark.parametrize("state", ["stored", "ran"])
def test_nothing_is_wider_than_its_cell(opened, state):
    assert getattr(opened, state)["wide"] == []


@of_every_notebook
def test_a_lesson_draws_as_many_pictures_as_are_stored(opened):
    if opened.name.startswith("exercises/"):
        pytest.skip("exercises are stored without outputs")
    assert opened.ran["count"]["pictures"] == opened.stored["count"]["pictures"] > 0


@of_every_notebook
def test_markdown_and_formulas_are_not_left_as_typed(opened):
    assert opened.stored["raw"] == []


@of_every_notebook
def test_every_link_to_a_file_leads_to_one(opened):
    assert [link for link in opened.stored["links"] if not (ROOT / link[1]).exists()] == []


BROKEN = [
    nbformat.v4.new_markdown_cell("[nowhere](nowhere.ipynb)\n\n![gone](gone.png)"),
    nbformat.v4.new_markdown_cell("<!-- so this is HTML -->**not bold**"),
    nbformat.v4.new_markdown_cell("$\\frac{1}$\n\n<details><summary>Answer</summary></details>"),
    nbformat.v4.new_code_cell(
        'from IPython.display import HTML\n\nHTML("<table width=3000><tr><td>wide</td></tr></table>")'
    ),
    nbformat.v4.new_code_cell('import warnings\n\nwarnings.warn("careful")'),
    nbformat.v4.new_code_cell("1 / 0"),
    nbformat.v4.new_code_cell("print('never run')"),
]


def test_what_is_broken_is_seen(lab, see):
    book = nbformat.v4.new_notebook(cells=BROKEN, metadata=KERNEL)
    nbformat.write(book, lab.project / "notebooks" / "99_broken.ipynb")
    seen = see("notebooks/99_broken")
    cells = {name: [line.partition(":")[0] for line in seen.ran[name]] for name in ("errors", "warnings", "unfinished")}
    assert cells == {"errors": ["cell 5"], "warnings": ["cell 4"], "unfinished": ["cell 6"]}
    assert {line.partition(":")[0] for line in seen.ran["wide"]} == {"cell 3"}
    assert {line.partition(":")[0] for line in seen.stored["raw"]} == {"cell 1", "cell 2"}
    assert [line.partition(":")[0] for line in seen.stored["pictures"]] == ["cell 0"]
    assert seen.stored["links"] == [[0, "notebooks/nowhere.ipynb"]]
    assert any("gone.png" in line for line in seen.console)
