"""Docstrings for code that stands there: what lacks one, what it must say, and where it goes."""
