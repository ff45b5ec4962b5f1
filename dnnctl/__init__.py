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
    from dnnctl.compare.references import compare
    from dnnctl.specs.reading.load import load_spec

__version__ = "0.1.0"
__all__ = [
    "__version__",
    "compare",
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
    "compare": "dnnctl.compare.references",
    "evaluate": "dnnctl.commands.evaluate",
    "export": "dnnctl.commands.export",
    "fork": "dnnctl.cli.notebook",
    "load_run": "dnnctl.commands.runs",
    "load_spec": "dnnctl.specs.reading.load",
    "predict": "dnnctl.commands.predict",
    "resume": "dnnctl.cli.notebook",
    "runs": "dnnctl.commands.runs",
    "sweep": "dnnctl.commands.sweep",
    "train": "dnnctl.cli.notebook",
}


def __dir__() -> list[str]:
    """The functions of the package, also those that are not imported yet."""
    return sorted({*(name for name in globals() if name.startswith("__")), *__all__})


def __getattr__(name: str) -> Any:
    """Import a function's module when the function is first asked for: `import dnnctl` alone loads nothing heavy."""
    if name not in _HOMES:
        raise AttributeError(f"module 'dnnctl' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
