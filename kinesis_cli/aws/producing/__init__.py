"""Putting records on a stream through its API."""
