"""Which engine runs, and the two in one shape: the reference's sweeps and the compiled twin."""
