"""Export of detectors to other runtimes."""
