"""What moves by hand, moved: every slider and list of the lessons, by the keyboard, in JupyterLab, in a browser.

    python -m pytest tests/browser/test_widgets.py -m browser

As in test_jupyterlab.py; each move must change the picture beneath it. A training is started, paused and stopped by its
buttons.
"""

from __future__ import annotations

from typing import Any

import nbformat
import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BOXES = {
    "notebooks/01_person_reid": 2,
    "notebooks/07_cross_identity": 2,
    "notebooks/10_joint_training": 1,
    "notebooks/12_judging_features": 2,
}
"""How many boxes of controls and a picture a lesson has."""

BOX = ".jp-OutputArea-output .widget-vbox:has(> img.widget-image)"
CONTROLS = ":scope > .widget-slider, :scope > .widget-dropdown"
SECONDS = 60
"""Until a picture has changed, on a machine that does other things, too."""


def picture(box: Any) -> str:
    """What the picture of a box shows: its pixels, shrunk."""
    return box.locator(":scope > img.widget-image").evaluate(
        """async (image) => {
          await image.decode().catch(() => {});
          const canvas = Object.assign(document.createElement("canvas"), { width: 400, height: 200 });
          canvas.getContext("2d").drawImage(image, 0, 0, 400, 200);
          return canvas.toDataURL();
        }"""
    )


ARROWS, PAGES = ("ArrowRight", "ArrowLeft", 12), ("PageUp", "PageDown", 4)
"""Keys that move a slider up and down, and how often to press them at most. One press may be too little to be seen: a
ramp a hundredth of twelve steps longer changes no weight.
"""


def moves_picture(page: Any, box: Any, control: Any, keys: tuple[str, str, int] = ARROWS) -> bool:
    """Whether the picture of the box changes as the control is moved by the keyboard, press by press.

    To the right, or, from the right end, to the left; in a list, to another entry.
    """
    before, handles = settled(page, box), control.locator(".noUi-handle")
    if not handles.count():
        choices = control.locator("select")
        chosen = choices.evaluate("(list) => list.selectedIndex")
        choices.select_option(index=1 if chosen == 0 else 0)
        return changed(page, box, before, SECONDS)
    up, down, presses = keys
    handle = handles.first
    handle.focus()
    at_end = float(handle.get_attribute("aria-valuenow")) >= float(handle.get_attribute("aria-valuemax"))
    for left in reversed(range(presses)):
        handle.press(down if at_end else up)
        if changed(page, box, before, 1 if left else SECONDS):
            return True
    return False


def settled(page: Any, box: Any) -> str:
    """What the picture shows once it stays as it is: a late redraw would pass for that of the next control."""
    now = picture(box)
    while changed(page, box, now, 1):
        now = picture(box)
    return now


def changed(page: Any, box: Any, before: str, seconds: int) -> bool:
    for _ in range(seconds * 5):
        if picture(box) != before:
            return True
        page.wait_for_timeout(200)
    return False


@pytest.mark.parametrize("name", BOXES)
def test_each_control_of_a_lesson_changes_its_picture(open_notebook: Any, run_all_cells: Any, name: str):
    console: list[str] = []
    with open_notebook(name, console) as page:
        run_all_cells(page)
        boxes = page.locator(BOX)
        boxes.nth(BOXES[name] - 1).wait_for()
        for k in range(boxes.count()):
            box = boxes.nth(k)
            box.scroll_into_view_if_needed()
            controls = box.locator(CONTROLS)
            assert controls.count() > 0 or name.startswith("notebooks/10")  # that of the training has buttons
            for n in reversed(range(controls.count())):  # "how far" before "towards whom"
                control = controls.nth(n)
                label = control.locator("label").first.inner_text()
                assert moves_picture(page, box, control), f"{name}: {label!r} was moved, and the picture stayed"
            assert box.locator("[role=alert]").count() == 0
    assert console == []


def test_a_training_is_started_paused_and_stopped_by_its_buttons(open_notebook: Any, run_all_cells: Any, lab: Any):
    """In a copy of lesson 10 without the cell that trains, as its reader may skip it."""
    book = nbformat.read(lab.project / "notebooks" / "10_joint_training.ipynb", as_version=4)
    book.cells = [cell for cell in book.cells if cell.source != "watched.run();"]
    last = next(n for n, cell in enumerate(book.cells) if cell.source == "watched")
    book.cells = book.cells[: last + 1]
    nbformat.write(book, lab.project / "notebooks" / "10_by_hand.ipynb")
    with open_notebook("notebooks/10_by_hand", []) as page:
        run_all_cells(page)
        training = page.locator(".jp-OutputArea-output .widget-vbox:has(button)")
        training.wait_for()
        before = picture(training)
        training.get_by_role("button", name="Start").click()
        training.get_by_role("button", name="Pause").click()
        training.get_by_role("button", name="Pause").click()
        training.get_by_text("12 steps, done").wait_for()
        assert picture(training) != before
        training.get_by_role("button", name="Stop").click()
        training.get_by_role("button", name="Start").click()
        training.get_by_text("12 steps, done").wait_for()
        assert training.locator("[role=alert]").count() == 0
