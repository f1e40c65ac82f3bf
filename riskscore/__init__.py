"""Firearms risk scores for parcel declarations, with reasons that add up."""

__version__ = "0.1.0"
