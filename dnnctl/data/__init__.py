"""Data: files in, NumPy arrays out."""
