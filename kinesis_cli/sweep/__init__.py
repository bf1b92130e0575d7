"""One recording under many settings: a grid of points, what each costs, and which to take. Pure."""
