"""The model card: no text of a spec or of data breaks its Markdown, and its code fits the task."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dnnctl.commands.conversion import Outcome
from dnnctl.commands.model_card import _data, _values, call_code, code, fenced, table, without_folders
from dnnctl.store.encoding import ColumnEncoding
from dnnctl.store.facts import TargetFacts
from stored import store_run

TWO = TargetFacts("classes", ("no", "yes"))
BOTH = TargetFacts("labels", ("a", "b"))


def outcome(n_outputs: int, activation: str) -> Outcome:
    return Outcome(shape=(2,), dtype="float32", n_outputs=n_outputs, activation=activation)


@pytest.mark.parametrize("text", ["plain", "a`b", "``", "a|b", "line\nbreak", "\x1b[31m", "", "`" * 7])
def test_a_span_of_code_ends_where_it_should(text: str) -> None:
    """As CommonMark reads it: the first run of as many backticks closes the span."""
    span = code(text)
    opening = re.match("`+", span)
    assert opening is not None
    rest = span[opening.end() :]
    closing = next(each for each in re.finditer("`+", rest) if each[0] == opening[0])
    assert closing.end() == len(rest)
    assert span.isprintable()
    assert re.search(r"(?<!\\)\|", span) is None


def test_a_block_of_code_ends_where_it_should() -> None:
    block = fenced("a\n```\nb\n````\nc", "yaml").splitlines()
    assert block[0] == "`````yaml"
    assert block[-1] == "`````"


def test_a_table_has_as_many_cells_in_every_line() -> None:
    lines = table(["a", "b"], [[code("x|y"), "1"]]).splitlines()
    assert [len(re.findall(r"(?<!\\)\|", line)) for line in lines] == [3, 3, 3]


@pytest.mark.parametrize(
    ("target", "network", "limit", "answers", "expected"),
    [
        (TWO, outcome(2, "softmax"), 0.5, [[0.2, 0.8]], "['yes']"),
        (TWO, outcome(1, "sigmoid"), 0.5, [[0.4], [0.6]], "['no', 'yes']"),
        (TWO, outcome(1, "tanh"), 0.0, [[-0.1], [0.1]], "['no', 'yes']"),
        (BOTH, outcome(2, "sigmoid"), 0.5, [[0.6, 0.7]], "[['a', 'b']]"),
        (TargetFacts("numbers"), outcome(1, "linear"), 0.5, [[3.5]], "[[3.5]]"),
    ],
)
def test_the_code_prints_the_decisions(
    target: TargetFacts,
    network: Outcome,
    limit: float,
    answers: list[list[float]],
    expected: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In the names of the classes, with the threshold of the loss."""
    import numpy as np

    text = call_code("onnx", target, network, limit).replace("from predict import predict", "")
    exec(text.replace("predict(rows)", f"np.array({answers})"), {"np": np})
    assert capsys.readouterr().out.strip() == expected


def test_a_missing_category_is_named_and_not_an_empty_span() -> None:
    how = ColumnEncoding("hood", "category", categories=("", "North"))
    assert _values(how) == "missing, `North`"


def test_a_card_does_not_say_where_the_data_were(tmp_path: Path) -> None:
    """Paths become the names of files; a separator that looks like a path does not change."""
    run = store_run(tmp_path, "net")
    assert run.spec["data"]["source"]["path"] == "/nowhere.npz"
    assert _data(run)[0] == "Source `npz` `nowhere.npz`, SHA-256 of all examples:"
    source = {"kind": "csv", "path": "/home/me/houses.csv", "delimiter": "/", "test": {"path": "/home/me/test.csv"}}
    shown = {**source, "path": "houses.csv", "test": {"path": "test.csv"}}
    assert without_folders({"data": {"source": source}}) == {"data": {"source": shown}}
