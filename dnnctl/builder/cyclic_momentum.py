"""SGD whose momentum is a variable, so that a schedule can change it from step to step."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class CyclicMomentumSGD(keras.optimizers.SGD):
    """v ← momentum·v − η·g; w ← w + v, or w ← w + momentum·v − η·g with Nesterov momentum.

    It is used only during training: a saved model has Keras's own SGD.
    """

    def build(self, variables: list[keras.Variable]) -> None:
        super().build(variables)
        initial = keras.initializers.Constant(self.momentum)
        self.cycled_momentum = self.add_variable((), initializer=initial, name="momentum")

    def update_step(self, gradient: Any, variable: keras.Variable, learning_rate: Any) -> None:
        velocity = self.momentums[self._get_variable_index(variable)]
        momentum = ops.cast(self.cycled_momentum, variable.dtype)
        step = ops.multiply(ops.cast(learning_rate, variable.dtype), ops.cast(gradient, variable.dtype))
        self.assign(velocity, ops.subtract(ops.multiply(velocity, momentum), step))
        if self.nesterov:
            self.assign_add(variable, ops.subtract(ops.multiply(velocity, momentum), step))
        else:
            self.assign_add(variable, velocity)
