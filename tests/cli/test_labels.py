"""`dnnctl tag`, `note` and `rename`, and the commands that know labels."""

from __future__ import annotations

import csv
import json
import re

import pytest

from command_line import call
from dnnctl.store.record import RunRecord


def names(*options: str) -> list[str]:
    return sorted(row["name"] for row in json.loads(call("list", "--json", *options).stdout))


@pytest.mark.usefixtures("runs")
def test_tags_choose_runs() -> None:
    assert call("tag", "good", "+paper", "+v1").stdout.endswith("  tags: paper, v1\n")
    assert call("tag", "bad", "+paper").exit_code == 0
    assert names("--tag", "paper") == ["bad", "good"]
    assert names("--tag", "paper", "--tag", "v1") == ["good"]
    assert names("--filter", "tags == v1 and tags in (paper, x)") == ["good"]
    assert names("--filter", "tags != v1") == ["bad"]
    assert names("--filter", "not (tags == v1)") == ["bad"]
    done = call("list", "--tag", "papr")
    assert (done.exit_code, done.stderr) == (2, "error: No run has the tag 'papr'. Did you mean paper?\n")
    rows = list(csv.DictReader(call("list", "--csv").stdout.splitlines()))
    assert {row["name"]: row["tags"] for row in rows} == {"good": "paper, v1", "bad": "paper"}


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize("tag", ["old", "hot", "n", "o", "q5"])
def test_a_tag_is_removed_even_if_options_start_like_it(tag: str) -> None:
    call("tag", "good", "+paper", f"+{tag}")
    done = call("tag", "good", f"-{tag}", "--json")
    assert json.loads(done.stdout)["tags"] == ["paper"]


@pytest.mark.usefixtures("runs")
def test_wrong_tags_are_errors_of_the_user() -> None:
    for arguments, message in ((["paper"], "Write +paper."), (["-x"], "no tag 'x'"), (["+a b"], "Received: +a b.")):
        done = call("tag", "good", *arguments)
        assert (done.exit_code, message in done.stderr) == (2, True)
    assert call("tag", "good", "--jsn").exit_code == 2


def test_labels_are_shown(runs: list[RunRecord]) -> None:
    call("tag", "good", "+paper")
    call("note", "good", "two\n lines")
    call("rename", "good", "best")
    output = call("show", "best").stdout
    for name, value in (("name", r"best \(renamed from good\)"), ("tags", "paper"), ("note", "two lines")):
        assert re.search(rf"^{name} +{value}$", output, re.MULTILINE)
    shown = json.loads(call("show", "best", "--json").stdout)
    assert [shown[key] for key in ("run", "name", "tags", "note")] == [runs[0].id, "best", ["paper"], "two\n lines"]
    assert call("note", "best").stdout == f"{runs[0].id}  note: two\n lines\n"
    assert json.loads(call("note", "best", "", "--json").stdout)["note"] == ""


@pytest.mark.usefixtures("runs")
def test_without_tags_the_table_has_no_column_of_tags() -> None:
    assert "tags" not in call("list").stdout.splitlines()[0]
    call("tag", "good", "+paper")
    assert "tags" in call("list").stdout.splitlines()[0]
