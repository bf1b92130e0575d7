"""What is put on a stream: which records, in which calls, how fast. Pure but for its journal."""
