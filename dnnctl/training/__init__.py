"""Training: what happens between a spec and a finished run. Importing this package sets what must precede Keras."""

import os

from dnnctl.training.program_cache import use_program_cache

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
use_program_cache()
