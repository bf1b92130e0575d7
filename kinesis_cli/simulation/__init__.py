"""Delivery in virtual time: a recording and a clock of its own drive the event source mapping."""
