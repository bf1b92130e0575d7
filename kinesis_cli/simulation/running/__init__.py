"""One run in virtual time: its agenda, its shards, its calls, and how records end."""
