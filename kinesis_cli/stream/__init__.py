"""Records, shards, sequence numbers, events and on-failure documents. Pure: values, no files."""
