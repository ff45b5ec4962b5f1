"""The command line: words in, tables out. Each command has a thin function for the terminal and a typed one behind it."""
