"""The command line: words in, tables out. Each command is a thin function for the terminal that calls a typed one."""
