"""Numbers that cannot be true: what is noted of every frame, and the signs of a broken evaluation in it."""
