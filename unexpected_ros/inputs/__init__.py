"""What comes in: images, calibrations and transforms, and why something does not."""
