"""The few errors of the library. Each knows where it happened and says what to do about it."""

from __future__ import annotations


class RiskscoreError(Exception):
    """Something that a user can mend; its message is one clear sentence."""


class ManifestError(RiskscoreError):
    """A manifest as a whole cannot be read (a single bad row or value is a problem line, not an error)."""


class SopError(RiskscoreError):
    """Packs, lexicons, tables or procedures that do not hold; carries every fault found, not only the first.

    Parameters
    ----------
    faults : list of str
        One line each: file, entry, key and what is wrong.
    """

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        head = f"{len(faults)} fault{'s' if len(faults) != 1 else ''} in the SOP files:"
        super().__init__("\n  ".join([head, *faults]))


class ModelError(RiskscoreError):
    """A scorecard that cannot be served: damaged, or made for other features than the code has."""
