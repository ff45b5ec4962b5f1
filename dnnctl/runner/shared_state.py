"""The state that a distributed training starts or continues from: the chief sends it to the other workers."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass

import numpy as np

from dnnctl.engine.collective import Collective
from dnnctl.engine.variables import read_state, shapes_of, write_state
from dnnctl.errors import DistributionError
from dnnctl.runner.checkpointing.progress import LoopState, StageKey
from dnnctl.runner.loop import Loop
from dnnctl.runner.stages import Stages
from dnnctl.store.json_object import parse_text, plain

PLACE = "place"
VARIABLE = "variable/"


@dataclass(frozen=True)
class Place:
    """Where training is, without the variables."""

    stage: StageKey
    loop: LoopState


def send_state(collective: Collective, loop: Loop) -> None:
    """Send the state of the chief's loop."""
    place = json.dumps(plain(Place(loop.stage.key, loop.state()))).encode()
    state = {VARIABLE + path: value for path, value in read_state(loop.engine.variables).items()}
    buffer = io.BytesIO()
    np.savez(buffer, **{PLACE: np.frombuffer(place, np.uint8)}, **state)  # type: ignore[arg-type]
    collective.broadcast(buffer.getvalue())


def receive_state(collective: Collective, stages: Stages) -> Loop:
    """The loop of the chief's stage, with the state that the chief sends.

    Raises:
        DistributionError: the chief has another model.
    """
    with np.load(io.BytesIO(collective.broadcast(b"")), allow_pickle=False) as file:
        arrays = dict(file)
    place, damages = parse_text(arrays.pop(PLACE).tobytes().decode(), Place, what="the chief's state")
    assert place is not None, damages
    loop = stages.enter(place.stage)
    state = {path.removeprefix(VARIABLE): value for path, value in arrays.items()}
    if shapes_of(state) != shapes_of(loop.engine.variables):
        raise DistributionError("This worker and the chief do not have the same model.")
    write_state(loop.engine.variables, state)
    loop.restore(place.loop)
    return loop
