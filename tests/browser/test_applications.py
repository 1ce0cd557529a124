"""The lessons' widgets in Notebook 7 and in Voila, in a browser; JupyterLab is in test_widgets.py.

pip install -e '.[browser]'
python -m pytest tests/browser/test_applications.py -m browser
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import OPENING, PATIENCE, notebook_page, run_all, serving
from tests.browser.test_widgets import ARROWS, BOX, BOXES, CONTROLS, PAGES, moves_picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LESSON = "notebooks/07_cross_identity"


def move_each(page: Any, keys: tuple[str, str, int] = ARROWS) -> None:
    """Move the controls of each box of the lesson; each must change the picture, and none may fail."""
    boxes = page.locator(BOX)
    boxes.nth(BOXES[LESSON] - 1).wait_for(timeout=1000 * PATIENCE)
    for k in range(boxes.count()):
        box = boxes.nth(k)
        box.scroll_into_view_if_needed()
        controls = box.locator(CONTROLS)
        assert controls.count() > 0
        for n in reversed(range(controls.count())):
            assert moves_picture(page, box, controls.nth(n), keys)
        assert box.locator("[role=alert]").count() == 0


def test_in_notebook_7(chromium: Any, project: Any):
    pytest.importorskip("notebook", reason="no notebook: pip install -e '.[browser]'")
    with serving("notebook", project) as server, notebook_page(chromium, server, LESSON, []) as page:
        run_all(page)
        move_each(page, PAGES)  # the arrows are its own, for going from cell to cell


def test_in_voila(chromium: Any, project: Any):
    pytest.importorskip("voila", reason="no voila: pip install -e '.[browser]'")
    with serving("voila", project) as server:
        page = chromium.new_page(viewport={"width": 1280, "height": 1400})
        page.set_default_timeout(1000 * OPENING)
        try:
            page.goto(server.address.format(f"{LESSON}.ipynb"), timeout=1000 * PATIENCE)
            move_each(page)
        finally:
            page.close()
