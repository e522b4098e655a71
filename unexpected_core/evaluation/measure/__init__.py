"""From scores on disk to numbers: every frame is read twice, for its pixels, then, with the threshold, for regions."""
