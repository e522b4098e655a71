"""Scorers: one nn.Module per method, images in, Scores out."""
