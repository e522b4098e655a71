"""Tables, curves and pages of results."""
