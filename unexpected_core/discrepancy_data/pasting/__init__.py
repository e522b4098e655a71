"""What pastes.py does, one step in each file."""
