"""`dnnctl data`: what the data of a spec are, without training."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from dnnctl.commands.session import faults_located
from dnnctl.commands.train import as_loaded
from dnnctl.events.event import Report, Warned, ignore, report_progress
from dnnctl.specs import LoadedSpec, Spec
from dnnctl.specs.source import BuiltIn
from dnnctl.store.data_facts import DataDescription

MEMORY = 10**9
"""The bytes that inputs may take. Of larger data, only the targets are read."""


def describe_data(spec: Spec | LoadedSpec | str | Path, *, report: Report = ignore) -> DataDescription:
    """Load and split the data of a spec, and describe them. Imports no framework.

    Args:
        spec: a spec, or the path of a spec file.
        report: called with warnings, and with the progress of downloads.

    Raises:
        DataError: the data are missing or damaged, or do not fit the spec.
    """
    loaded = as_loaded(spec)
    data = loaded.spec.data
    with faults_located(loaded):
        from dnnctl.data.describe import describe
        from dnnctl.data.load import load_data

        dataset = load_data(data, seed=loaded.spec.seed, memory=MEMORY, progress=partial(report_progress, report))
    for warning in dataset.warnings:
        report(Warned(warning))
    return describe(dataset, is_built_in=isinstance(data.source, BuiltIn))
