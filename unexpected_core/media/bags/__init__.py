"""Rosbags: ROS 2 and ROS 1, MCAP and SQLite, whole and damaged."""
