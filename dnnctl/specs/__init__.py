"""The spec: an experiment in YAML, validated before anything heavy is loaded."""

from dnnctl.specs.experiment import Spec
from dnnctl.specs.reading.load import LoadedSpec, digest, load, load_spec, to_plain, to_yaml

__all__ = ["LoadedSpec", "Spec", "digest", "load", "load_spec", "to_plain", "to_yaml"]
