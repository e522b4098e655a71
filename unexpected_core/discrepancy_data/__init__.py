"""Synthetic discrepancies: swapped labels and pasted objects."""
