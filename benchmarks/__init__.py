"""Committed benchmarks: each prints ratios to a floor measured in the same run, and keeps its last numbers."""
