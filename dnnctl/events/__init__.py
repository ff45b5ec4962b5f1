"""Events: what training reports while it runs, and how they are worded."""
