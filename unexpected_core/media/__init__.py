"""Photographs, videos and rosbags, read and written here and nowhere else. Needs no ROS and no torch."""
