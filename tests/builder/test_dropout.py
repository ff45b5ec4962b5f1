"""Every dropout and noise of the spec is a layer that the rest of the builder knows."""

from __future__ import annotations

from dnnctl.builder.dropout import NOISES, build_dropout
from dnnctl.builder.names import Names
from dnnctl.specs.common_kind import Nothing
from dnnctl.specs.dropout import DropoutChoice
from dnnctl.specs.reading.introspection import members


def test_noises_are_the_classes_of_all_dropouts_of_the_spec() -> None:
    choices = [choice for choice in members(DropoutChoice) if choice is not Nothing]
    built = {
        type(build_dropout(choice.model_construct(rate=0.5, stddev=0.5), Names(1), "noise")): choice.__name__
        for choice in choices
    }
    missing = [built[layer] for layer in set(built) - set(NOISES)]
    assert missing == [], "dnnctl.builder.dropout.NOISES lacks these kinds"
    assert set(NOISES) == set(built)
