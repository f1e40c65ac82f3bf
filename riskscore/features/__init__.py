"""Features: named, documented quantities of a parcel that indicators and the scorecard read."""

from riskscore.features import amounts, goods, papers, route
from riskscore.features.registry import FEATURES, Facts, Feature, build_facts

__all__ = ["FEATURES", "Facts", "Feature", "amounts", "build_facts", "goods", "papers", "route"]
