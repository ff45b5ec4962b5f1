"""What must fail before the first step fails before anything is built."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import pytest

from dnnctl.builder.optimizer import OPTIMIZERS
from dnnctl.data.lazy import LazyInputs
from dnnctl.errors import DeviceError, SpecError
from dnnctl.events.event import ignore
from dnnctl.runner.examples import place
from dnnctl.runner.setup import memory_needs, prepare
from dnnctl.specs import Spec
from sample_specs import small_spec

WIDE = {"layers": ["flatten", {"kind": "dense", "units": 64, "repeat": 2}]}


def n_bytes(variables: Any) -> int:
    return 4 * sum(prod(variable.shape) for variable in variables)


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_the_needs_are_slightly_less_than_what_training_takes(kind: str, tmp_path: Path) -> None:
    """A lower bound refuses nothing that is possible. The oracle is the variables that Keras creates."""
    spec = Spec.model_validate(small_spec(tmp_path, model=WIDE, optimizer=kind))
    prepared, dataset = prepare(spec, ignore)
    engine = prepared.engine(place(prepared, dataset.train))
    needs = memory_needs(spec, prepared.head, dataset, prepared.phases)
    weights, state = n_bytes(prepared.model.trainable_variables), n_bytes(engine.optimizer.variables)
    assert 0.9 * weights < needs["the weights"] <= weights
    assert needs["the gradients"] == needs["the weights"]
    assert state - weights < needs["the optimizer"] <= state
    assert dataset.validation is not None
    assert needs["the data"] == sum(
        part.inputs.nbytes + part.targets.nbytes for part in (dataset.train, dataset.validation)
    )


@pytest.mark.parametrize(("memory", "is_lazy"), [(1e-6, True), (1.0, False)])
def test_inputs_beyond_the_memory_for_examples_are_not_loaded(memory: float, is_lazy: bool, tmp_path: Path) -> None:
    spec = Spec.model_validate(small_spec(tmp_path, model=WIDE, runtime={"memory": memory}))
    _, dataset = prepare(spec, ignore)
    assert isinstance(dataset.train.inputs, LazyInputs) == is_lazy


def test_mixed_precision_halves_the_outputs_alone(tmp_path: Path) -> None:
    needs = []
    for precision in ("float32", "mixed_bfloat16"):
        spec = Spec.model_validate(small_spec(tmp_path, model=WIDE, runtime={"precision": precision}))
        prepared, dataset = prepare(spec, ignore)
        needs.append(memory_needs(spec, prepared.head, dataset, prepared.phases))
    (outputs,) = (what for what in needs[0] if what.startswith("the outputs"))
    assert needs[1] == {**needs[0], outputs: needs[0][outputs] // 2}


def test_a_network_beyond_the_memory_is_refused_before_it_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was built")

    monkeypatch.setattr("dnnctl.engine.memory.available_memory", lambda: 10**6)
    monkeypatch.setattr("dnnctl.runner.setup.build_network", fail)
    layers = ["flatten", {"kind": "dense", "units": 1_000_000}]
    spec = Spec.model_validate(small_spec(tmp_path, model={"layers": layers}))
    with pytest.raises(DeviceError, match=r"at least .* MB for the outputs of a batch of 16, .*only 1\.0 MB are"):
        prepare(spec, ignore)


@pytest.mark.parametrize(("axis", "is_there"), [(1, True), (-2, True), (3, False), (-3, False), (0, False)])
@pytest.mark.parametrize("kind", ["batch_norm", "layer_norm"])
def test_an_axis_that_the_data_does_not_have_is_refused(kind: str, axis: int, is_there: bool, tmp_path: Path) -> None:
    """The images of a file have as many axes as the file: the spec alone does not know."""
    layers = [{"kind": kind, "axis": axis}, "flatten"]
    spec = Spec.model_validate(small_spec(tmp_path, model={"layers": layers}))
    if is_there:
        prepare(spec, ignore)
    else:
        with pytest.raises(SpecError, match=r"model\.layers\.0\.axis: .*axis of the examples|that of the examples"):
            prepare(spec, ignore)
