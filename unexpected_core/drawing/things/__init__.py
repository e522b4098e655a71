"""What stands, drives and lies in a drawn world."""
