"""What a file or pipe of records or payloads is, and reading it: one reader for all commands."""
