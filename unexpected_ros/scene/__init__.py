"""What is known of the world around the car: the same thing from frame to frame, and where it stands. No ROS."""
