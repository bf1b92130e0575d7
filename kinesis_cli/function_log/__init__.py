"""A function's log: the lines that it and Lambda write, read in one place."""
