"""What the first reading of a recording found, kept beside it: so that parts can be read alone."""
