"""Destinations of cases: one file each, found by `registry`."""
