"""Reading and writing specs: YAML text to a validated spec and back, with the place of every value in the text."""
