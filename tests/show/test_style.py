"""Figures: their files and what a notebook stores of them."""

from __future__ import annotations

import io

import matplotlib
import numpy as np
import pytest
import seaborn
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from dgnet_lite.show.style import DPI, PALETTE, Picture, image_figure, save


@pytest.fixture
def figure(images) -> Picture:
    return image_figure(images(1)[0], title="A title", reading="Left to right.", zoom=2, alt_text="One colour.")


def pixels(figure: Figure) -> np.ndarray:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def test_the_palette_is_seaborns_for_colour_blind_readers():
    assert seaborn.color_palette("colorblind").as_hex() == PALETTE


def test_a_saved_figure_holds_the_command_that_made_it(figure, tmp_path):
    assert Image.open(save(figure, tmp_path / "a.png", command="make demo")).text["Command"] == "make demo"


def test_a_saved_figure_holds_its_alternative_text(figure, tmp_path):
    assert Image.open(save(figure, tmp_path / "a.png", command="")).text["Description"] == "One colour."


def test_nothing_but_the_figure_is_left_in_the_folder(figure, tmp_path):
    save(figure, tmp_path / "new" / "a.png", command="")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.png"]


def test_a_notebook_stores_the_alternative_text_with_the_image(figure):
    data, metadata = figure._repr_mimebundle_()
    assert (data["text/plain"], metadata["image/png"]["alt"]) == ("One colour.", "One colour.")


def test_a_notebook_stores_the_image_in_at_most_256_colours(figure):
    stored = Image.open(io.BytesIO(figure._repr_mimebundle_()[0]["image/png"]))
    assert stored.mode == "P"
    assert stored.size == (round(figure.get_figwidth() * DPI), round(figure.get_figheight() * DPI))


def test_an_image_is_shown_pixel_by_pixel_as_many_times_as_large_as_asked(figure, images):
    colour = images(1)[0, 0, 0]
    assert (pixels(figure) == colour).all(axis=-1).sum() == 2 * 64 * 2 * 32


def test_a_long_reading_direction_stays_inside_the_figure(images):
    figure = image_figure(images(1)[0], title="t", reading="many words " * 30, alt_text="")
    box = figure.axes[0].xaxis.label.get_window_extent(FigureCanvasAgg(figure).get_renderer())
    assert box.x1 <= figure.bbox.width
    assert box.y0 >= 0


def test_the_readers_own_matplotlib_settings_do_not_change_a_figure(images):
    with matplotlib.rc_context({"font.size": 30}):
        figure = image_figure(images(1)[0], title="t", reading="r", alt_text="")
    assert figure.axes[0].title.get_fontsize() == 9


def test_the_palette_is_the_colour_blind_one():
    assert PALETTE[:3] == ["#0173b2", "#de8f05", "#029e73"]
