"""Targets in the form that the loss takes.

Shapes: N is the number of examples, K the number of classes or target numbers.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dnnctl.builder.output import TargetForm
from dnnctl.data.dataset import Part


def encode_targets(part: Part, form: TargetForm, n_outputs: int) -> Part:
    """The part with class numbers (N,), one-hot rows (N, K), a column of 0 and 1 (N, 1), or numbers (N, K)."""
    if form == "one_hot":
        return replace(part, targets=np.eye(n_outputs, dtype=np.float32)[part.targets.astype(np.int64)])
    if form == "column":
        return replace(part, targets=part.targets.astype(np.float32)[:, None])
    return part
