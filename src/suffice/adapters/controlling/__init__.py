"""Rollouts carried out: evidence gathered, steps made, policies published, people told."""
