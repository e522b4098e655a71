"""Networks: RGB in [0, 1] in, logits or RGB out. One file per network; they normalise themselves."""
