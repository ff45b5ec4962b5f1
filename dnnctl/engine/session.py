"""What a process that trains several runs does between them."""

from __future__ import annotations

import gc

import keras
import tensorflow as tf


def limit_threads(n: int) -> None:
    """Let TensorFlow use n threads. Call it before anything is computed."""
    tf.config.threading.set_intra_op_parallelism_threads(n)
    tf.config.threading.set_inter_op_parallelism_threads(n)


def forget_everything() -> None:
    """Free the memory of the last run: graphs, compiled programs, variables, and the names that Keras has given."""
    keras.backend.clear_session()
    gc.collect()
