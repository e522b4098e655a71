"""What is learned: one file per task, with its networks, losses and pictures."""
