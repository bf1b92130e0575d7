"""Files and pipes of records or payloads: what they are, reading them, and writing recordings."""
