"""Augmentation in the compiled step: each change is a pure function of the images and of uniform random numbers."""
