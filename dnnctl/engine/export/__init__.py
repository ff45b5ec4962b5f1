"""A trained network in the format of another runtime. Each format is a module that writes it."""
