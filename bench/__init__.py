"""Benchmarks: each prints absolute figures and ratios beside the plain alternative."""
