"""Deliveries drawn: a timeline on the terminal, files for viewers and browsers."""
