"""The catalogue: one operation a file. `tradeoff.workloads.registry` lists them by name."""
