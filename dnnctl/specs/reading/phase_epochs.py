"""Phases define the number of epochs: phases that are written over a spec replace its `training.epochs`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from dnnctl.specs.reading.document import Node


def drop_replaced_epochs(document: Node, written: Collection[str]) -> Node:
    """The document without `training.epochs` if phases were written over it, and `epochs` was not.

    Args:
        written: the keys of `training` that were written over the document.
    """
    training = document.child("training")
    if training is None or "phases" not in written or "epochs" in written:
        return document
    phases = training.child("phases")
    if phases is None or not isinstance(phases.value, list):
        return document
    assert isinstance(document.value, dict)
    assert isinstance(training.value, dict)
    kept = {key: node for key, node in training.value.items() if key != "epochs"}
    return replace(document, value={**document.value, "training": replace(training, value=kept)})
