"""Charts: enough points, distinct colours, and text that is no HTML."""

from __future__ import annotations

import numpy as np
import pytest

from dnnctl.compare.report.chart import MAX_POINTS, Charts, colour_of, drawn, focus, line, rounded, thinned


def test_forty_runs_have_forty_colours() -> None:
    assert len({colour_of(place) for place in range(40)}) == 40


def test_long_lines_are_thinned_to_points_of_the_line() -> None:
    x = np.arange(123_456.0)
    found = thinned(x, 2 * x)
    assert (len(found[0]), found[0][0], found[0][-1]) == (MAX_POINTS, 0.0, 123_455.0)
    np.testing.assert_allclose(found[1], np.multiply(found[0], 2), rtol=1e-5)
    assert thinned(np.arange(3.0)) == [[0, 1, 2]]


def test_the_same_examples_are_drawn_each_time() -> None:
    found = drawn(5000)
    assert len(set(found.tolist())) == MAX_POINTS
    np.testing.assert_array_equal(found, drawn(5000))
    assert drawn(3).tolist() == [0, 1, 2]


def test_coordinates_have_six_digits() -> None:
    assert rounded(np.array([1 / 3, 123_456_789.0])) == [0.333333, 123_457_000.0]


def test_a_chart_has_a_place_with_a_label() -> None:
    charts = Charts()
    place = charts.add('"<x>', "x", "y", [line("<b>", (0, 1), (1, 2), "soft")])
    assert 'id="chart-0"' in place
    assert 'aria-label="&quot;&lt;x&gt;"' in place
    assert charts.charts[0]["traces"][0]["y"] == [1, 2]


def test_one_diverging_curve_does_not_set_the_axis() -> None:
    """The end of the axis is the largest value of the others, on either side."""
    assert focus([0.2, 0.3, 0.25], [0.9, 1.1, 1e9]) == (0.2, 1.1)
    assert focus([0.2, -1e9, 0.25], [0.9, 0.8, 0.7]) == (0.2, 0.9)
    assert focus([0.2, 0.3], [0.9, 1e9]) == (0.2, 0.9)


@pytest.mark.parametrize(
    ("lowest", "highest"),
    [([0.2], [1e9]), ([0.2, 0.3, 0.1], [2.3, 0.9, 5.0]), ([0.5, 0.5, 0.5], [0.5, 0.5, 0.9]), ([-3, -2], [4, 5])],
)
def test_an_axis_shows_everything_unless_one_curve_is_far_from_the_others(
    lowest: list[float], highest: list[float]
) -> None:
    assert focus(lowest, highest) is None


def test_an_axis_is_at_most_ten_times_as_long_as_most_curves_need() -> None:
    """Of random curves, some of which diverge, all that end within are shown, and at least half of them are."""
    draw = np.random.default_rng(3)
    for _ in range(200):
        tops = draw.lognormal(0, draw.uniform(0, 6), size=draw.integers(1, 12)) + 0.1
        low, high = focus([0.1] * len(tops), tops.tolist()) or (0.1, tops.max())
        middle = np.sort(tops)[(len(tops) - 1) // 2]
        assert low == 0.1
        assert high in tops
        assert middle <= high <= 0.1 + 10 * (middle - 0.1)
