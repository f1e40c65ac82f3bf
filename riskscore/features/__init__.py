"""Features: named, documented quantities of a parcel that indicators and the scorecard read."""

from riskscore.features import amounts, goods, handling, papers, party, route, rules, sector, tariff
from riskscore.features.registry import FEATURES, Facts, Feature, build_facts

__all__ = [
    "FEATURES",
    "Facts",
    "Feature",
    "amounts",
    "build_facts",
    "goods",
    "handling",
    "papers",
    "party",
    "route",
    "rules",
    "sector",
    "tariff",
]
