"""Names and numbers that networks share with the settings that choose among them. Loads no torch."""

from __future__ import annotations

from typing import Literal

Segmenter = Literal["pspnet", "bayes_segnet"]
"""The paper's segmenters, entries of NETWORKS."""
Compares = Literal["full", "generator_only", "labels_only"]
"""What a discrepancy network holds the photograph to: resynthesis and labels, the resynthesis, the labels."""
WIDTH = 64
"""Channels of the finest layer of pix2pixHD and of the discrepancy networks, as published."""
HIDDEN = 20
"""Numbers that the road autoencoder redraws a patch from."""
Size = Literal["fast", "nano"]
"""Width of the `fast` detector's networks."""
SIZE: Size = "fast"
MULTIPLE = 32
"""Sides of what the `fast` detector's networks see are multiples of this: the segmenter halves five times."""
SEEDS = 3
"""Heads of each kind in a comparison of cues, from different random weights."""
