"""Weight files and their cards: reading, writing, the shipped ones, the authors' checkpoints."""
