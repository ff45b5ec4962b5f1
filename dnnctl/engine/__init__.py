"""The engine: compiled training steps, and the only package that imports TensorFlow.

Importing it sets the environment variables that must be set before Keras is imported, and checks that there is enough
memory to import TensorFlow.
"""

import logging
import os

from dnnctl.engine.address_space import check_address_space
from dnnctl.engine.compilation_cache import use_compilation_cache

check_address_space()
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
use_compilation_cache()
# TensorFlow takes the functions of all engines in this process for one that is traced again and again.
logging.getLogger("tensorflow").addFilter(lambda record: "tf.function retracing" not in record.getMessage())
