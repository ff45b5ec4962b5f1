"""Charts: enough points, distinct colours, and text that is no HTML."""

from __future__ import annotations

import numpy as np

from dnnctl.compare.report.chart import MAX_POINTS, Charts, colour_of, drawn, line, rounded, thinned


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
