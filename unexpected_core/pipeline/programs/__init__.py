"""Scorers compiled ahead of time, into files that later starts load."""
