"""Ratios against the peers, measured in one run: ``make bench``.

A benchmark is a module here with ``run() -> list[Row]``.
"""
