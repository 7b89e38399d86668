"""Whoever answers requests: the API, a recording, a model on this machine."""
