"""The detector node and what it is made of."""
