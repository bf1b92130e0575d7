"""Reading the records of a stream through its API."""
