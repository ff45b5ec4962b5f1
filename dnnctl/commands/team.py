"""The processes that train a spec together."""

from __future__ import annotations

import os

from dnnctl.runner.team import Team, find_team
from dnnctl.specs import Spec


def team_of(spec: Spec) -> Team | None:
    """The processes that train a spec; None if one process trains it.

    Raises:
        DistributionError: the spec needs several processes, and the environment does not describe them.
    """
    return find_team(os.environ) if spec.runtime.distribution.kind == "multi_worker" else None


def is_assistant(spec: Spec) -> bool:
    """Whether this process only assists the one that trains a spec."""
    team = team_of(spec)
    return team is not None and not team.is_chief
