"""Data sets: frames with labels, behind one protocol."""
