"""A window for everyone: one small page that shows what a detector sees and lets its live parameters be moved.

camera and detector -> `watcher`, `listening` (ROS, by stamp: `assembly`, `photos`) -> `pictures` -> `hub` -> `server`
-> page, and back.
"""
