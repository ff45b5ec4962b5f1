"""The sample of Fashion-MNIST that comes with dnnctl, and how it was made: `python -m dnnctl.data.sample.build`."""
