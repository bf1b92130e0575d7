"""A simulation as it goes: tables for people, JSON for programs."""
