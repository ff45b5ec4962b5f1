"""Writing checkpoints, and starting from one: resume, and branch (fork)."""
