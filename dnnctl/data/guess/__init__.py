"""What a file or a folder is, for a spec that is written from it.

`endings` looks at the name and asks the module of the kind, which looks inside.
"""
