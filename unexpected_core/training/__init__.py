"""Training: presets, one loop, tasks."""
