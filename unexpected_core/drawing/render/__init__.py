"""From a drawn world and a camera to pixels and exact maps."""
