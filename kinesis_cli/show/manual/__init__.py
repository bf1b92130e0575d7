"""Pages of the documentation on a terminal, and in a browser."""
