"""The field's metrics as pure functions and mergeable counts. NumPy only."""
