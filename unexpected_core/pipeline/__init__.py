"""Detectors: numpy image in, Detection out; what the node and the command line use."""
