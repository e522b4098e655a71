"""The command 'unexpected'."""
