"""What a drawn world is made of, as plain data."""
