"""What commands share while they run: Ctrl-C, questions, the end."""
