"""Each kind of source has its module."""

from __future__ import annotations

from typing import get_args

from dnnctl.data.source import source_module
from dnnctl.specs.reading.introspection import kinds_of, members
from dnnctl.specs.source import BuiltIn, Source


def test_every_kind_of_source_has_a_module_that_loads_it() -> None:
    for kind in kinds_of(list(members(Source))):
        assert callable(source_module(kind).load), kind


def test_every_built_in_data_set_can_be_looked_for() -> None:
    for kind in get_args(BuiltIn.model_fields["kind"].annotation):
        assert callable(source_module(kind).is_cached), kind
