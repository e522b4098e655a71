"""Judging: write scores to disk, measure from disk, report."""
