from __future__ import annotations

import numpy as np
import pytest

from dgnet_lite.evaluation.bootstrap import bootstrap_means, interval

RNG = np.random.default_rng(0)
VALUES = RNG.normal(size=60)
PEOPLE = np.arange(60) // 3


def test_with_one_query_a_person_it_is_the_standard_error_of_a_mean():
    ours = interval(VALUES, np.arange(60), draws=20_000)
    error = VALUES.std() / 60**0.5
    assert ours.error == pytest.approx(error, rel=0.03)
    np.testing.assert_allclose((ours.low, ours.high), VALUES.mean() + 1.96 * error * np.array([-1, 1]), atol=0.02)


def test_equal_queries_of_a_person_count_as_one():
    values = np.repeat(VALUES[:20], 3)
    by_person, by_query = interval(values, PEOPLE), interval(values, np.arange(60))
    assert by_person.error == pytest.approx(VALUES[:20].std() / 20**0.5, rel=0.05)
    assert by_query.error == pytest.approx(by_person.error / 3**0.5, rel=0.05)


def test_a_draw_of_two_people_by_hand():
    means = bootstrap_means(np.array([0.0, 0.0, 0.0, 1.0]), np.array([7, 7, 7, 9]))
    # twice the first: 0; twice the second: 1; one of each: 1 right of 4 queries
    assert set(means.round(12)) == {0.0, 0.25, 1.0}
    assert (means == 0.25).mean() == pytest.approx(0.5, abs=0.05)


def test_the_order_of_the_queries_does_not_count():
    mixed = RNG.permutation(60)
    np.testing.assert_allclose(bootstrap_means(VALUES[mixed], PEOPLE[mixed]), bootstrap_means(VALUES, PEOPLE))


def test_columns_are_drawn_together():
    two = bootstrap_means(np.stack([VALUES, VALUES + 0.1], axis=1), PEOPLE)
    np.testing.assert_allclose(two[:, 1] - two[:, 0], 0.1)
    np.testing.assert_allclose(two[:, 0], bootstrap_means(VALUES, PEOPLE))


def test_a_query_without_a_value_does_not_count():
    with_gaps = np.concatenate([VALUES, [np.nan, np.nan]])
    people = np.concatenate([PEOPLE, [0, 99]])
    assert interval(with_gaps, people) == interval(VALUES, PEOPLE)


def test_a_wider_level_gives_a_wider_interval_around_the_mean():
    narrow, wide = interval(VALUES, PEOPLE, level=0.5), interval(VALUES, PEOPLE, level=0.99)
    assert wide.low < narrow.low < narrow.mean < narrow.high < wide.high


@pytest.mark.parametrize(
    ("values", "groups", "message"),
    [
        (VALUES, PEOPLE[:5], "do not fit"),
        (VALUES, np.zeros(60), "1 groups have a value"),
        (np.full(60, np.nan), PEOPLE, "0 groups have a value"),
    ],
)
def test_what_cannot_be_drawn_from_is_refused(values, groups, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_means(values, groups)


@pytest.mark.parametrize(("values", "level"), [(VALUES[:, None], 0.95), (VALUES, 1.5)])
def test_an_interval_is_of_one_number_a_query_and_of_a_share(values, level):
    with pytest.raises(ValueError, match="level between 0 and 1"):
        interval(values, PEOPLE, level=level)
