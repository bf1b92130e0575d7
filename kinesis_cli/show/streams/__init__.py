"""What the commands print that put records on a stream, or read them from it."""
