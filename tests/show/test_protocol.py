"""A ranking drawn by the protocol: every image is what it is called, and only those that count take a rank."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import same_color

from dgnet_lite.show.protocol import MARKS, fade, judged_ranking, kinds
from dgnet_lite.show.style import BLUE, FAINT, ORANGE, VERMILION

KIND = ["same camera", "match", "wrong", "junk", "distractor", "match"]


@pytest.fixture
def figure(images):
    return judged_ranking(
        images(1)[0], images(6, start=1), KIND, [1, 2, 1, 3, 1, 4], query_camera=1, columns=4, title="One ranking"
    )


def words(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.parametrize(
    ("pid", "camera", "kind"),
    [(7, 2, "match"), (7, 1, "same camera"), (3, 1, "wrong"), (3, 2, "wrong"), (0, 1, "distractor"), (-1, 2, "junk")],
)
def test_a_gallery_image_of_id_and_camera_is_to_person_seven_in_camera_one(pid, camera, kind):
    assert kinds(7, 1, np.array([pid]), np.array([camera])).tolist() == [kind]


def test_only_images_that_count_take_a_rank(figure):
    captions = [word for word in words(figure) if word.startswith("rank") or word in MARKS]
    assert captions == ["same camera", "rank 1", "rank 2", "junk", "rank 3", "rank 4"]


def test_cameras_stand_beneath_query_and_images(figure):
    cameras = [word for word in words(figure) if word.startswith("camera ")]
    assert cameras == ["camera 1", "camera 1", "camera 2", "camera 1", "camera 3", "camera 1", "camera 4"]


def test_a_frame_tells_the_kind_by_colour(figure):
    colours = [patch.get_edgecolor() for patch in figure.axes[0].patches]
    expected = [FAINT, BLUE, VERMILION, FAINT, ORANGE, BLUE]
    assert all(same_color(a, b) for a, b in zip(colours, expected, strict=True))


def test_a_symbol_tells_right_from_wrong_without_colour(figure):
    assert "".join(word for word in words(figure) if word in "✓✕") == "✓✕✕✓"


def test_removed_images_are_struck_through(figure):
    assert len(figure.axes[0].lines) == KIND.count("same camera") + KIND.count("junk")


def test_an_image_that_counts_is_shown_as_it_is_and_a_removed_one_faded(figure, images):
    canvas = np.asarray(figure.axes[0].images[0].get_array())
    given = images(6, start=1)
    left = 32 + 10  # the query, and the gap behind it
    np.testing.assert_array_equal(canvas[:64, left : left + 32], fade(given[0]))
    np.testing.assert_array_equal(canvas[:64, left + 38 : left + 70], given[1])


def test_a_faded_image_is_grey_and_pale(images):
    faded = fade(images(1)[0])
    assert (faded == faded[..., :1]).all()
    assert faded.min() > 130


def test_the_alternative_text_counts_every_kind(figure):
    assert figure.alt_text == "The first 6 of a ranking: 2 match, 1 wrong, 1 distractor, 1 same camera, 1 junk."


def test_a_kind_is_needed_for_every_image(images):
    with pytest.raises(ValueError, match="one kind and one camera for each image: 3, 1"):
        judged_ranking(images(1)[0], images(3), ["match"])
