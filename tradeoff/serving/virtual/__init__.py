"""The virtual clock for whole grids: requests that never were, served exactly."""
