"""Records that Lambda gave up: found by their on-failure documents, and taken up again."""
