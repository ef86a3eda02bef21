"""Replay cases: one failing (or healthy) step a file, each with its truth."""
