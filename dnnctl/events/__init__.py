"""Events: what training reports while it runs, and their wording."""
