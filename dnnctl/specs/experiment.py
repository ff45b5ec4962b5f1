"""The whole spec: one experiment."""

from typing import Annotated

from pydantic import Field

from dnnctl.specs.common_kind import AUTO, NONE
from dnnctl.specs.data import Data
from dnnctl.specs.field import Section, Seed
from dnnctl.specs.loss import Loss
from dnnctl.specs.metric import Metrics
from dnnctl.specs.model import Model
from dnnctl.specs.optimizer import Optimizer, Sgd
from dnnctl.specs.runtime import Runtime
from dnnctl.specs.schedule import Schedule
from dnnctl.specs.training import Training

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"


class Spec(Section):
    """One experiment: everything that its result depends on."""

    name: Annotated[str, Field(pattern=NAME_PATTERN)]
    """The name of the runs; by default the name of the file."""
    description: str = ""
    """What the experiment is for, in a sentence."""
    seed: Seed = 42
    """The seed of all random numbers: initial weights, order of examples, dropout, random splits."""
    data: Data
    """The data set."""
    model: Model
    """The network."""
    loss: Loss = AUTO
    """What training minimizes. `auto`: crossentropy for classes and labels, mean squared error for numbers."""
    metrics: Metrics = "auto"
    """What is measured in addition to the loss. `auto`: accuracy for classes and labels, mean absolute error for
    numbers."""
    optimizer: Optimizer = Sgd.model_construct(kind="sgd")
    """How gradients change the weights."""
    schedule: Schedule = NONE
    """How the learning rate changes during training."""
    training: Training = Training.model_construct()
    """The length of training, batches, early stopping and checkpoints."""
    runtime: Runtime = Runtime.model_construct()
    """The device, the precision and the compilation."""
