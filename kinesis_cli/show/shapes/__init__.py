"""What kcli prints as JSON: a class for each object, with what each member means.

The rooms of `show` construct them, and `docs/make_schemas.py` makes the JSON Schemas of them: what
is printed and what is said of it are one.

Their annotations are not evaluated when kcli runs (`from __future__ import annotations`), only
where the schemas are made: a class costs little more than its name.
"""
