"""Where files are: on this machine, or behind a URL of a service that keeps objects."""
