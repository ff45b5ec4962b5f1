"""Every key and alternative of a spec is explained, and every value has a source."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import TypeAdapter

from dnnctl.commands.explain import all_topics, choices_of, example_of, find_topics, find_value
from dnnctl.errors import UserError
from dnnctl.specs.field import Kind
from dnnctl.specs.reading.yaml_reader import read_text

TOPICS = {topic.name: topic for topic in all_topics()}
BASE = """name: base
data: {source: fashion_mnist_sample}
model:
  defaults: {activation: selu}
  layers: [flatten, {kind: dense, units: 7}, {kind: dense, units: 9, activation: elu}]
optimizer: {kind: adam, beta_1: 0.5}
"""


def test_every_topic_has_a_sentence() -> None:
    assert len(TOPICS) > 300
    assert [name for name, topic in TOPICS.items() if len(topic.summary) < 5] == []


def test_every_topic_is_found_by_its_path() -> None:
    for name, topic in TOPICS.items():
        assert find_topics(name) == [topic]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("one_cycle", ["schedule.one_cycle", "training.phases.schedule.one_cycle"][:1]),
        ("sgd.nesterov", ["optimizer.sgd.nesterov"]),
        ("optimizer.momentum", ["optimizer.sgd.momentum", "optimizer.muon.momentum"]),
        ("patience", ["schedule.performance.patience", "training.early_stopping.patience"]),
    ],
)
def test_a_part_of_a_path_finds_what_ends_like_it(words: str, expected: list[str]) -> None:
    """The same key of the same section in several places is found once, nearest to the top."""
    found = [topic.name for topic in find_topics(words)]
    assert sorted(found) == sorted(expected)


def test_an_unknown_word_is_refused_with_the_nearest() -> None:
    for word, meant in (("lr", "learning_rate"), ("patienec", "patience"), ("optimizer.adamm", "adam")):
        with pytest.raises(UserError, match=f"`{meant}`"):
            find_topics(word)


def test_the_choices_of_a_key_are_its_kinds() -> None:
    assert {"relu", "selu", "leaky_relu"} <= {each.path[-1] for each in choices_of(TOPICS["model.defaults.activation"])}
    assert [each.path[-1] for each in choices_of(TOPICS["schedule.exponential"])] == [
        "warmup",
        "steps",
        "factor",
        "per",
    ]


def test_the_example_of_an_alternative_is_that_alternative_with_its_defaults() -> None:
    """Where no key is required, the example can be written into a spec."""
    checked = 0
    for topic in TOPICS.values():
        (section, *_) = topic.sections or (None,)
        if topic.key is not None or section is None or not issubclass(section, Kind) or "…" in example_of(topic):
            continue
        text = example_of(topic).removeprefix("- ").partition(": ")[2] if ": {" in example_of(topic) else topic.path[-1]
        document, faults = read_text(text, "example")
        value = document.plain() if isinstance(document.plain(), dict) else {"kind": document.plain()}
        assert faults == []
        assert TypeAdapter(section).validate_python(value) == section.model_validate({"kind": topic.path[-1]})
        checked += 1
    assert checked > 100


@pytest.mark.parametrize(
    ("key", "value", "source", "line"),
    [
        ("optimizer.beta_1", "0.5", "written", 6),
        ("optimizer.learning_rate", "0.25", "written", 0),
        ("optimizer.beta_2", "0.999", "default", None),
        ("model.layers.1.activation", "selu", "inherited from model.defaults.activation", 4),
        ("model.layers.2.activation", "{kind: elu, alpha: 1.0}", "written", 5),
        ("model.layers.1.initializer", "glorot_uniform", "inherited from model.defaults.initializer", None),
        ("seed", "3", "written", 2),
    ],
)
def test_a_value_is_written_inherited_or_the_default(
    key: str, value: str, source: str, line: int | None, tmp_path: Path
) -> None:
    """Lines are those of the base, the spec or the override that has the key."""
    (tmp_path / "base.yaml").write_text(BASE)
    path = tmp_path / "x.yaml"
    path.write_text("extends: base.yaml\nseed: 3\n")
    found = find_value(path, key, ["optimizer.learning_rate=0.25"])
    assert (found.value, found.source) == (value, source)
    assert (found.place.line if found.place else None) == line
    file = {6: "base.yaml", 4: "base.yaml", 5: "base.yaml", 2: "x.yaml", 0: "--set"}.get(
        line if line is not None else -1, ""
    )
    assert file in (found.place.file if found.place else "")


def test_a_key_that_the_spec_does_not_have_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(BASE)
    with pytest.raises(UserError, match=r"optimizer has no 'momentum'"):
        find_value(path, "optimizer.momentum")
    with pytest.raises(UserError, match=r"model.layers has no '7'"):
        find_value(path, "model.layers.7.units")
