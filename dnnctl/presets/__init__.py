"""Starter specs, complete and commented; `dnnctl init` copies one."""
