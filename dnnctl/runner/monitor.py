"""Monitoring one metric: what counts as an improvement, and how long ago the last one was."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dnnctl.store.metrics import is_less_better


@dataclass
class Monitor:
    """The best value of a metric so far. The fields are its complete state."""

    metric: str
    min_delta: float = 0.0
    best: float = math.nan
    best_epoch: int = 0
    n_waited: int = 0
    """Epochs since the best one."""

    def see(self, epoch: int, value: float) -> bool:
        """Process an epoch's value; return whether it is the best so far."""
        if self._is_improvement(value):
            self.best, self.best_epoch, self.n_waited = value, epoch, 0
            return True
        self.n_waited += 1
        return False

    def _is_improvement(self, value: float) -> bool:
        if math.isnan(self.best):
            return self.best_epoch == 0 or not math.isnan(value)
        gain = self.best - value if is_less_better(self.metric) else value - self.best
        return gain > self.min_delta
