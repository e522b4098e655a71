"""Scores that need nothing but a segmenter's logits."""
