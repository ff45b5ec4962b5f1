"""`dnnctl explain`."""

from __future__ import annotations

import json
from pathlib import Path

from command_line import call

SELU = Path(__file__).parents[2] / "configs" / "selu.yaml"


def test_without_a_key_the_sections_are_listed() -> None:
    done = call("explain")
    assert done.exit_code == 0
    assert {"data", "model", "optimizer", "schedule"} <= {line.split()[0] for line in done.stdout.splitlines() if line}


def test_a_choice_is_listed_with_a_line_for_each_alternative() -> None:
    lines = call("explain", "activation").stdout.splitlines()
    assert lines[0] == "model.defaults.activation"
    assert any(line.startswith("  leaky_relu") and "slope" in line for line in lines)
    assert any("model.output.activation" in line for line in lines)


def test_an_alternative_has_its_formula_keys_and_an_example() -> None:
    text = call("explain", "schedule.exponential").stdout
    assert "η₀ · factor^(t/s)" in text
    assert "Example:  schedule: {kind: exponential, warmup: none, steps: …, factor: 0.1, per: step}" in text


def test_a_key_has_its_values_and_its_default() -> None:
    text = call("explain", "training.batch_size").stdout
    assert "values:   whole number" in text
    assert "default:  32" in text


def test_a_value_of_a_spec_has_its_place() -> None:
    text = call("explain", SELU, "model.layers.1.activation").stdout
    assert "model.layers.1.activation: selu\n  inherited from model.defaults.activation, " in text
    assert "activation: selu" in text.splitlines()[2]
    assert "  default" in call("explain", SELU, "training.checkpoint.keep").stdout


def test_explanations_as_json() -> None:
    (found,) = json.loads(call("explain", "--json", "optimizer.sgd.momentum").stdout)
    assert (found["path"], found["default"], found["is_required"]) == ("optimizer.sgd.momentum", "0.0", False)
    value = json.loads(call("explain", "--json", SELU, "seed").stdout)
    assert value["path"] == "seed"


def test_what_cannot_be_explained_is_refused() -> None:
    for arguments, message in (
        (["optimiser"], "Did you mean `optimizer`"),
        ([SELU], "Name a key, too"),
        (["a", "b", "c"], "explain takes a key, or a spec and a key"),
    ):
        done = call("explain", *arguments)
        assert done.exit_code == 2
        assert message in done.stderr
