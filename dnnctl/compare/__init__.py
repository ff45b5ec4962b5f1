"""Comparison: what differs between runs, their results, and whether these differ significantly. No Keras."""
