"""Comparison of runs: their specs, their results, and whether the results differ significantly. No Keras.

Called as a function, the package compares runs: `dnnctl.compare("selu", "relu")`. Python sets `dnnctl.compare` to this
package when any of its modules is imported, so the name cannot be that of a function.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    def __call__(self, *runs: Any, **options: Any) -> Any:
        """`compare.references.compare`."""
        from dnnctl.compare.references import compare  # noqa: PLC0415 (it is not needed by importers of a module)

        return compare(*runs, **options)


sys.modules[__name__].__class__ = _Callable
