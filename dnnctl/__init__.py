"""dnnctl: deep neural networks from a YAML file, trained fast, each run on record."""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing takes longer than everything else here
if TYPE_CHECKING:
    from typing import Any

    from dnnctl.commands.evaluate import evaluate
    from dnnctl.commands.export import export
    from dnnctl.commands.fork import fork
    from dnnctl.commands.predict import predict
    from dnnctl.commands.resume import resume
    from dnnctl.commands.runs import load_run, runs
    from dnnctl.commands.sweep import sweep
    from dnnctl.commands.train import train
    from dnnctl.specs.reading.load import load_spec

__version__ = "0.1.0"
__all__ = [
    "__version__",
    "evaluate",
    "export",
    "fork",
    "load_run",
    "load_spec",
    "predict",
    "resume",
    "runs",
    "sweep",
    "train",
]

_HOMES = {
    "evaluate": "dnnctl.commands.evaluate",
    "export": "dnnctl.commands.export",
    "fork": "dnnctl.commands.fork",
    "load_run": "dnnctl.commands.runs",
    "load_spec": "dnnctl.specs.reading.load",
    "predict": "dnnctl.commands.predict",
    "resume": "dnnctl.commands.resume",
    "runs": "dnnctl.commands.runs",
    "sweep": "dnnctl.commands.sweep",
    "train": "dnnctl.commands.train",
}


def __dir__() -> list[str]:
    """The names of the package, also of what is not imported yet."""
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    """Import a function's module when the function is first asked for: `import dnnctl` alone loads nothing heavy."""
    if name not in _HOMES:
        raise AttributeError(f"module 'dnnctl' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
