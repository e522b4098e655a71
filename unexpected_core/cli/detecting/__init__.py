"""Parts of `unexpected detect`: its loop, what it is given, what it writes and what it tells."""
