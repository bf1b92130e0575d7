"""A shard that stands still: which record its function fails on, and how to get past it."""
