"""The figures of an evaluation, as page, terminal and JSON show them, and the limits they stand beside."""

from __future__ import annotations

from dataclasses import dataclass

from riskscore.errors import RiskscoreError
from riskscore.training.evaluation_rates import ScoreBin, Share

OBVIOUS_TARGET = 0.9  # share of obvious illicit parcels that must be flagged


@dataclass(frozen=True, slots=True)
class Limit:
    """Most alerts of one kind that a service can bear: ``most`` in every ``per`` parcels."""

    key: str
    says: str
    most: float
    per: int


ALERT_BUDGET = (
    Limit("illicit_review", "firearms concern: review or priority", 2, 1_000),
    Limit("illicit_hold", "firearms concern: priority", 0.2, 1_000),
    Limit("compliance_review", "compliance: review or priority", 5, 1_000),
    Limit("isolate_and_notify", "isolate and notify", 1, 100_000),
)


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """Alerts of one kind beside their limit.

    ``ordinary`` are those on parcels known to be neither illicit nor non-compliant; ``families`` are the patterns that
    most alerts come from.
    """

    limit: Limit
    alerts: Share
    ordinary: Share
    families: tuple[tuple[str, int], ...]

    @property
    def rate(self) -> float:
        """Alerts in every ``limit.per`` parcels."""
        return (self.alerts.share or 0.0) * self.limit.per

    @property
    def met(self) -> bool:
        """Within the limit."""
        return self.alerts.hits * self.limit.per <= self.limit.most * self.alerts.of


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many parcels can be opened: a share of all (``0.1%``) or a number of parcels (``50``)."""

    text: str
    part: float | None
    parcels: int | None

    def of(self, n: int) -> int:
        """Parcels opened out of n: at least one, at most all."""
        wanted = self.parcels if self.parcels is not None else round((self.part or 0.0) * n)
        return min(n, max(1, wanted))


def parse_capacities(text: str) -> tuple[Capacity, ...]:
    """Capacities from ``50,0.1%``.

    Raises
    ------
    RiskscoreError
        When a part is neither a whole number from 1 nor a share above 0 % and up to 100 %.
    """
    found = {}
    for part in (p.strip() for p in text.split(",")):
        try:
            percent = float(part.removesuffix("%")) if part.endswith("%") else None
            parcels = None if part.endswith("%") else int(part.replace("_", ""))
        except ValueError:
            percent, parcels = None, None
        if not (0 < (percent or 0) <= 100 or (parcels or 0) >= 1):
            raise RiskscoreError(f"{part!r} is not a capacity: a number of parcels such as 50, or a share such as 0.1%")
        found[part] = Capacity(
            f"{percent:g} %" if percent else f"{parcels:,}", percent / 100 if percent else None, parcels
        )
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class AtCapacity:
    """What opening the first k parcels of the ranking finds.

    Parameters
    ----------
    capacity, opened : str, int
        As asked for, and in parcels.
    lowest : float
        Score of the last parcel opened, points.
    waiting : int
        Parcels of that same score that were not opened: the keyed hash decided, not the score.
    hit_rate, recall : Share
        Positives of the opened, and of all positives.
    lift, lift_low, lift_high : float or None
        Hit rate over that of a random selection of the same size, with the interval of the recall.
    at_random : float
        Positives that a random selection of the same size holds on average.
    most : int
        Positives that a ranking without a fault would find.
    false_alarms : int
        Opened parcels that are not positive.
    """

    capacity: str
    opened: int
    lowest: float
    waiting: int
    hit_rate: Share
    recall: Share
    lift: float | None
    lift_low: float | None
    lift_high: float | None
    at_random: float
    most: int
    false_alarms: int


@dataclass(frozen=True, slots=True)
class PatternRecall:
    """How many positives of one pattern are found, by band, by action and at each capacity.

    ``kits`` are groups of parcels that belong together, and how many have at least one parcel flagged.
    """

    pattern: str
    parcels: int
    obvious: int
    kits: Share
    on_axis: Share
    flagged: Share
    desk_review: Share
    at: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """Flagged parcels of one family that are not positive on this axis.

    ``other`` of them are positive on the other axis; ``indicators`` are the reasons most of them share.
    """

    pattern: str
    flagged: Share
    hold: int
    other: int
    indicators: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Fired:
    """One indicator or other reason among the parcels flagged on its axis; ``everywhere`` is None if not counted."""

    key: str
    title: str
    everywhere: int | None
    flagged: int
    positive: int


@dataclass(frozen=True, slots=True)
class Missed:
    """A positive parcel that its axis leaves clear; ``flagged`` when the other axis brings it up all the same."""

    parcel_id: str
    pattern: str
    obvious: bool | None
    description: str
    score: float
    flagged: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """Precision and recall along the ranking; ``low`` and ``high`` by bootstrap, None with too few positives.

    ``steps`` are (parcels opened, positives among them) at every score of a positive, thinned for drawing;
    ``levels`` are (recall, precision, parcels opened) where a recall is first reached.
    """

    average_precision: float | None
    low: float | None
    high: float | None
    steps: tuple[tuple[int, int], ...]
    levels: tuple[tuple[float, float, int], ...]


@dataclass(frozen=True, slots=True)
class AxisNumbers:
    """All figures of one axis, over the n parcels with a label on it."""

    axis: str
    label: str
    n: int
    positives: Share
    precision: Share
    on_axis: Share
    flagged: Share
    desk_review: Share
    capacities: tuple[AtCapacity, ...]
    patterns: tuple[PatternRecall, ...]
    false_alarms: tuple[FalseAlarms, ...]
    indicators: tuple[Fired, ...]
    curve: Curve
    bins: tuple[ScoreBin, ...]
    missed: int
    missed_shown: tuple[Missed, ...]


@dataclass(frozen=True, slots=True)
class Obvious:
    """Illicit parcels that a trained officer would call obvious from the declaration: flagged on any axis, of all."""

    all: Share
    target: float
    patterns: tuple[tuple[str, Share], ...]

    @property
    def met(self) -> bool | None:
        """The target is reached; None when there is no obvious parcel to judge by."""
        return None if not self.all.of else self.all.hits >= self.target * self.all.of


@dataclass(frozen=True, slots=True)
class Numbers:
    """Everything that an evaluation says in figures."""

    parcels: int
    labelled: int
    simulated: bool
    budget: tuple[BudgetLine, ...]
    obvious: Obvious
    axes: tuple[AxisNumbers, ...]
