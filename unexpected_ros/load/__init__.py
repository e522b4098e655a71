"""More frames than time: the newest first, cameras in turn, and less to do with each. No ROS."""
