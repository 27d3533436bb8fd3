"""The real clock: the same policy, batches that really run, every request stamped."""
