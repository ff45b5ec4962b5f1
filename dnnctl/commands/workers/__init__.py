"""The processes that train the runs of a sweep or of several seeds: here, by Ray, by SLURM, or wherever they join."""
