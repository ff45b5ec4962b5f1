"""Comparison: what differs between runs, what came out, and whether it means anything. Light: it never loads Keras."""
