"""What kcli says of itself: the pages of its documentation, and the schemas of its JSON."""
