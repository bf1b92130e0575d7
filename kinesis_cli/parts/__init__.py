"""One simulation in parts, each some families of shards: in other processes, on other machines."""
