"""Checkpoints, and the three ways to start from one: resume, branch (fork), and the best weights at the end."""
