"""The live display."""

from __future__ import annotations

from dnnctl.cli.live import sparkline, wrap_columns

EPOCH = "epoch 1/8  loss 0.7095  accuracy 0.7571  val_loss 0.5721  val_accuracy 0.8150  rate 0.00349   0.35 s  best"


def test_a_line_that_fits_is_left_as_it_is() -> None:
    assert wrap_columns(EPOCH, len(EPOCH)) == [EPOCH]


def test_a_line_is_broken_between_columns_and_never_inside_one() -> None:
    for width in range(30, len(EPOCH)):
        lines = wrap_columns(EPOCH, width)
        assert max(map(len, lines)) <= width
        assert [part for line in lines for part in line.strip().split("  ")] == EPOCH.replace("   ", "  ").split("  ")


def test_a_sparkline_reaches_from_the_lowest_block_to_the_highest() -> None:
    assert sparkline([0.0, 1.0, 0.5]) == "▁█▅"
    assert sparkline([2.0, 2.0]) == "▁▁"
