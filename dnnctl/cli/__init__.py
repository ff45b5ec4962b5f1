"""The command line: words in, tables out. Each command is a thin function for the terminal with a typed one behind."""
