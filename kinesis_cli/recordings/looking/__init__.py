"""What a file or a pipe is, from a look at it: a recording, payloads, something else by name."""
