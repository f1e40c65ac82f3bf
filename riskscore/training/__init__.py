"""Simulating, training and evaluating: what happens before a model is served."""
