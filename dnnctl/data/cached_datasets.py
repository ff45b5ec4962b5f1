"""The built-in data sets that load without a download."""

from __future__ import annotations

from typing import get_args

from dnnctl.data.source import source_module
from dnnctl.specs.source import BuiltIn


def cached_datasets() -> list[str]:
    """The names of the built-in data sets whose files are in the cache or in the package."""
    kinds = get_args(BuiltIn.model_fields["kind"].annotation)
    return [kind for kind in kinds if source_module(kind).is_cached()]
