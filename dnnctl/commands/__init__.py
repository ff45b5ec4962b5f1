"""The commands as typed Python functions. They are quick to import; only calling them loads heavy modules."""
