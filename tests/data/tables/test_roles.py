"""Which column of a table is what."""

from __future__ import annotations

from typing import Any

import pytest

from dnnctl.data.tables.roles import check_columns, find_roles
from dnnctl.errors import MAX_REPORT_LINES, DataError
from dnnctl.specs.table import Csv

NAMES = ["x", "rooms", "day", "w", "price"]


def roles(names: list[str] = NAMES, **keys: Any) -> Any:
    return find_roles(
        Csv.model_validate({"kind": "csv", "path": "a.csv", "target": "price", **keys}), "houses.csv", names
    )


def test_all_columns_without_another_role_are_features() -> None:
    found = roles(weight="w", date="day")
    assert found.features == ("x", "rooms")
    assert found.targets == ("price",)
    assert found.special == {"weight": "w", "date": "day"}
    assert found.used == ["x", "rooms", "price", "w", "day"]


def test_features_are_those_of_the_spec_in_the_order_of_the_file() -> None:
    assert roles(features={"include": ["rooms", "x"]}).features == ("x", "rooms")
    assert roles(features={"exclude": ["rooms"]}).features == ("x", "day", "w")
    assert roles(features={"include": ["day", "x"]}, date="day").features == ("x", "day")


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "target": ({"target": "pryce"}, r"no column 'pryce' \(data.source.target\). Did you mean `price`"),
    "one of the targets": ({"target": ["price", "romms"]}, r"'romms' \(data.source.target\). Did you mean `rooms`"),
    "include": ({"features": {"include": ["roms"]}}, r"'roms' \(data.source.features.include\). Did you mean `rooms`"),
    "exclude": ({"features": {"exclude": ["roms"]}}, r"'roms' \(data.source.features.exclude\)"),
    "types": ({"features": {"types": {"roms": "number"}}}, r"'roms' \(data.source.features.types\)"),
    "weight": ({"weight": "v"}, r"'v' \(data.source.weight\)"),
    "group": ({"group": "v"}, r"'v' \(data.source.group\)"),
    "date": ({"date": "dai"}, r"'dai' \(data.source.date\)"),
    "target and feature": ({"features": {"include": ["price"]}}, "'price' is used twice: as target and as features"),
    "target and weight": ({"weight": "price"}, "'price' is used twice: as target and as weight"),
    "target twice": ({"target": ["price", "price"]}, "'price' is used twice"),
    "weight and group": ({"weight": "w", "group": "w"}, "'w' is used twice: as weight and as group"),
    "nothing left": ({"features": {"exclude": ["x", "rooms", "day", "w"]}}, "no column is left for the network"),
}


@pytest.mark.parametrize(("keys", "message"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_the_file_is_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=f"houses.csv: .*{message}"):
        roles(**keys)


def test_all_unknown_columns_are_reported_on_few_lines() -> None:
    with pytest.raises(DataError) as error:
        roles(target="prize", weight="ww", features={"exclude": [f"a\nb {number}" for number in range(50)]})
    text = str(error.value)
    assert "'prize'" in text
    assert "44 more" in text
    assert len(text.splitlines()) <= MAX_REPORT_LINES


def test_a_file_without_a_header_is_suspected() -> None:
    with pytest.raises(DataError, match="The first line must have the names of the columns"):
        roles(["5.1", "3.5", "0"])


def test_a_test_file_needs_the_columns_of_training() -> None:
    check_columns("test.csv", ["y", "x", "more"], ["x", "y"])
    with pytest.raises(DataError, match=r"test.csv lacks columns of the training file: 'rooms'. Did you mean `room`"):
        check_columns("test.csv", ["room", "x"], ["x", "rooms"])
