"""The spec: what an experiment is, written in YAML, validated before anything heavy is loaded."""

from dnnctl.spec.experiment import Spec
from dnnctl.spec.load import LoadedSpec, digest, load, load_spec, to_plain, to_yaml

__all__ = ["LoadedSpec", "Spec", "digest", "load", "load_spec", "to_plain", "to_yaml"]
