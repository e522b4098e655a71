"""Drawn roads: frames with exact labels that follow from a track, a seed and a number alone. Needs no download."""
