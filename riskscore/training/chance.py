"""Chance as columns: weighted draws, and numbers that belong to an identity for good."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ids = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def weighted(rng: np.random.Generator, weights: Sequence[float] | Floats, n: int) -> Ints:
    """Draw n positions, each as often as its weight says.

    Parameters
    ----------
    rng : numpy.random.Generator
        The source of chance.
    weights : sequence of float
        Not negative, not all zero.
    n : int
        How many.
    """
    ends = np.cumsum(np.asarray(weights, np.float64))
    drawn: Ints = np.searchsorted(ends, rng.random(n) * ends[-1], side="right").astype(np.int64)
    return np.minimum(drawn, len(ends) - 1)


def chosen(rng: np.random.Generator, weights: dict[str, float]) -> str:
    """One key, as often as its weight says."""
    return list(weights)[int(weighted(rng, list(weights.values()), 1)[0])]


def log_uniform(rng: np.random.Generator, most: int, n: int) -> Ids:
    """Ranks below `most` with a heavy tail: rank r comes about 1/r times as often as rank 1."""
    return (np.power(float(most), rng.random(n)) - 1.0).astype(np.uint64)


def of_identity(ids: Ids, attribute: int) -> Ids:
    """A well-mixed number for each identity and attribute, always the same (splitmix64).

    Parameters
    ----------
    ids : uint64 array (n,)
        Identities.
    attribute : int
        Which property the number is for.
    """
    with np.errstate(over="ignore"):
        z = ids + np.uint64(attribute + 1) * _GOLDEN
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def as_share(numbers: Ids) -> Floats:
    """Well-mixed numbers as shares from 0 to below 1."""
    return (numbers >> np.uint64(11)).astype(np.float64) / float(1 << 53)
