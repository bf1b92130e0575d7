"""The kinds of source that an event source mapping reads; see `kind` for what tells them apart."""
