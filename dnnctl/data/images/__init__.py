"""Image files: which there are, what they contain, and their pixels."""
