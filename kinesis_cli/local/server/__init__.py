"""The server process: one port, and which service answers."""
