"""What kcli prints as JSON, a class for each object; `make_schemas.py` makes schemas of them."""
