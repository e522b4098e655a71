"""What works beside the node: replay, recorder, and bags without a node."""
