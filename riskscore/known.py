"""Three-valued truth and item-to-parcel aggregation that keeps unknown unknown.

A truth is a pair of arrays: *true* (known to hold) and *false* (known not to). Neither set means unknown. Everything
that turns items into parcels goes through here: over unknowns, a plain ``any`` says no and a plain ``sum`` says zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

Bools = NDArray[np.bool_]


UNKNOWN = 2  # beside 0 and 1, where a truth is one small integer


@dataclass(frozen=True, slots=True)
class Truth:
    """Known true and known false, arrays of one shape (n,)."""

    true: Bools
    false: Bools

    @staticmethod
    def of(series: pl.Series) -> Truth:
        """Truth of a boolean column; null is unknown."""
        state = series.cast(pl.Int8).fill_null(UNKNOWN).to_numpy()
        return Truth(state == 1, state == 0)

    def __and__(self, other: Truth) -> Truth:
        return Truth(self.true & other.true, self.false | other.false)

    def __or__(self, other: Truth) -> Truth:
        return Truth(self.true | other.true, self.false & other.false)

    def __invert__(self) -> Truth:
        return Truth(self.false, self.true)

    def cells(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows and columns of what is true in arrays (n, k), column by column."""
        # They lie in memory by columns, and little is true: one flat search.
        column, row = np.divmod(np.flatnonzero(self.true.T.reshape(-1)), max(len(self.true), 1))
        return row, column

    def series(self, name: str = "") -> pl.Series:
        """As a nullable boolean column."""
        return pl.Series(name, pa.array(self.true, mask=~(self.true | self.false)))


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which rows of the items table belong to which parcel.

    Parameters
    ----------
    parcel : int array (m,)
        Parcel row of each item, ascending.
    count : int array (n,)
        Number of items of each parcel.
    """

    parcel: NDArray[np.int64]
    count: NDArray[np.int64]

    @staticmethod
    def of(items: pl.DataFrame, n_parcels: int) -> Grouping:
        """Grouping of an items table that is sorted by ``parcel``."""
        parcel = items["parcel"].to_numpy().astype(np.int64)
        return Grouping(parcel, np.bincount(parcel, minlength=n_parcels))

    def _tally(self, chosen: Bools) -> NDArray[np.int64]:
        return np.bincount(self.parcel[chosen], minlength=len(self.count))

    def any_known(self, truth: Truth) -> Truth:
        """True when it holds for one item, false when it fails for each; a parcel without items is unknown."""
        true, false = np.zeros(len(self.count), np.bool_), self.count > 0
        true[self.parcel[np.flatnonzero(truth.true)]] = True
        false[self.parcel[np.flatnonzero(~truth.false)]] = False
        return Truth(true, false)

    def all_known(self, truth: Truth) -> Truth:
        """True when it holds for every item (at least one); false when it fails for one; else unknown."""
        true, false = self.count > 0, np.zeros(len(self.count), np.bool_)
        true[self.parcel[np.flatnonzero(~truth.true)]] = False
        false[self.parcel[np.flatnonzero(truth.false)]] = True
        return Truth(true, false)

    def sum_known(self, values: pl.Series) -> pl.Series:
        """Sum over a parcel's items; null when one is unknown or there are none."""
        known = values.is_not_null().to_numpy()
        complete = (self._tally(known) == self.count) & (self.count > 0)
        # Left to right within each parcel, so the sum has the same bits in any batch.
        numbers = np.bincount(self.parcel, weights=values.fill_null(0).to_numpy(), minlength=len(self.count))
        return _masked(values.name, numbers.astype(np.float64), complete)

    def max_known(self, values: pl.Series) -> pl.Series:
        """Largest over a parcel's items; null when one is unknown or there are none."""
        known = values.is_not_null().to_numpy()
        complete = (self._tally(known) == self.count) & (self.count > 0)
        numbers = np.full(len(self.count), -np.inf)
        np.maximum.at(numbers, self.parcel[known], values.drop_nulls().to_numpy())
        return _masked(values.name, np.where(complete, numbers, 0.0), complete)

    def first_known(self, values: pl.Series) -> pl.Series:
        """First stated value among a parcel's items; null when none is stated."""
        known = np.flatnonzero(values.is_not_null().to_numpy())
        parcels, first = np.unique(self.parcel[known], return_index=True)
        row = np.full(len(self.count), -1)
        row[parcels] = known[first]
        return values.gather(pl.Series(pa.array(row, mask=row < 0)))

    def same_known(self, values: pl.Series) -> pl.Series:
        """The value that every item of a parcel states; null when one is unknown or two differ."""
        first = self.first_known(values)
        agrees = (values == first.gather(self.parcel)).fill_null(False).to_numpy()
        complete = (self._tally(agrees) == self.count) & (self.count > 0)
        nothing = pl.Series([None], dtype=first.dtype).new_from_index(0, len(first))
        return first.zip_with(pl.Series(complete), nothing).alias(values.name)


def _masked(name: str, numbers: NDArray[np.float64], known: Bools) -> pl.Series:
    return pl.Series(name, pa.array(numbers, mask=~known))
