"""Parcels in, assessments out: the one path that every door takes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from riskscore import __version__
from riskscore.conditions import leaves
from riskscore.evidence import fields_behind
from riskscore.features import Facts, build_facts
from riskscore.features.tables import TradeTables, trade_tables
from riskscore.goods_text import GoodsText, read_descriptions
from riskscore.judging import Answers, evaluate
from riskscore.ledger import Ledger, Proposals, names, propose, reasons_column, write_ledger
from riskscore.lexicon import Lexicon
from riskscore.lexicon_cache import load_cached
from riskscore.normalise import normalise
from riskscore.places import default_models, default_sops
from riskscore.points import Scores, Weights, score, weigh
from riskscore.reference import Reference, load_reference
from riskscore.schema import Tables
from riskscore.scorecard import MILLION, Scorecard, load_scorecard
from riskscore.sops import ACTIONS, ACTORS, AXES, BANDS, CASE_TYPES, Indicator, load_packs, wanted_features
from riskscore.wording import Wording, load_wording

Profile = Literal["operator", "authority"]
ILLICIT, COMPLIANCE = 0, 1


@dataclass(frozen=True)
class Engine:
    """Everything that scoring needs, loaded and checked once. Build it with `load_engine`."""

    indicators: list[Indicator]
    lexicon: Lexicon
    trade: TradeTables
    reference: Reference
    scorecard: Scorecard
    wording: Wording
    sops_version: str

    @cached_property
    def active(self) -> list[Indicator]:
        """Indicators that count."""
        return [i for i in self.indicators if i.status == "active"]

    @cached_property
    def wanted(self) -> frozenset[str]:
        """Features that the active indicators and the scorecard ask for."""
        return wanted_features(self.active) | self.scorecard.features

    @cached_property
    def weights(self) -> Weights:
        """Points of the active indicators, learned or expert, and the learned terms."""
        return weigh(self.scorecard, self.active)

    @property
    def versions(self) -> dict[str, Any]:
        """What an assessment names so that it can be computed again."""
        return {
            "model": self.scorecard.id,
            "sops": self.sops_version,
            "code": __version__,
            "basis": self.scorecard.basis,
            "confirmed_finds": self.scorecard.confirmed_finds,
        }


def load_engine(sops: Path | None = None, models: Path | None = None) -> Engine:
    """Load packs, lexicons, tables, wording and the current scorecard.

    Parameters
    ----------
    sops, models : Path, optional
        Folders; by default those that come with the package.

    Raises
    ------
    SopError, ModelError
        With everything that does not hold.
    """
    sops = sops or default_sops()
    reference = load_reference(sops)
    return Engine(
        load_packs(sops / "packs"),
        load_cached(sops / "lexicons"),
        trade_tables(reference),
        reference,
        load_scorecard(models or default_models()),
        load_wording(sops / "procedures"),
        sops_digest(sops),
    )


def sops_digest(sops: Path) -> str:
    """First 12 hex digits of the sha256 over all SOP files that count, with their names."""
    digest = hashlib.sha256()
    for path in sorted(p for p in sops.rglob("*") if p.suffix in (".yml", ".csv")):
        for part in (path.relative_to(sops).as_posix().encode(), path.read_bytes()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:12]


@dataclass(frozen=True)
class Assessed:
    """Assessments of a batch of n parcels, as columns. `flat` and `document` word them."""

    engine: Engine
    profile: Profile
    as_of: datetime
    facts: Facts
    goods: GoodsText
    answers: Answers
    scores: Scores
    proposals: Proposals
    ledger: Ledger
    _reasons: dict[str, pa.Array] = field(default_factory=dict)

    @property
    def parcel_ids(self) -> pl.Series:
        """The courier's references."""
        return self.facts.parcels["parcel_id"]

    @cached_property
    def band(self) -> NDArray[np.int64]:
        """Overall band numbers: the highest of both axes (floors are in them)."""
        return np.asarray(self.scores.bands.max(axis=1))

    @property
    def flagged(self) -> NDArray[np.bool_]:
        """Parcels whose band is at least review."""
        return self.band > 0

    def reasons(self, worded: Literal["flagged", "full"] = "flagged") -> pa.Array:
        """Reasons of every parcel as an Arrow list of structs."""
        if worded not in self._reasons:
            rows = np.ones(len(self.band), np.bool_) if worded == "full" else self.flagged
            self._reasons[worded] = reasons_column(
                self.ledger, self.engine.weights, self.facts, self.proposals, self.scores.bands[:, ILLICIT], rows
            )
        return self._reasons[worded]

    def flat(self, reasons: Literal["flagged", "full"] = "flagged") -> pl.DataFrame:
        """One row per parcel, in the order they came (contract 2, flat output)."""
        n = len(self.band)
        points = self.scores.points / MILLION
        axes = self.engine.scorecard.axes
        frame = pl.DataFrame(
            {
                "parcel_id": self.parcel_ids,
                "score": points[:, ILLICIT],
                "band": names(BANDS, self.band),
                "illicit_band": names(BANDS, self.scores.bands[:, ILLICIT]),
                "action": names(ACTIONS, self.proposals.action),
                "action_by": names(ACTORS, self.proposals.action_by),
                "case_type": names(CASE_TYPES, self.proposals.case_type),
                "compliance_score": points[:, COMPLIANCE],
                "compliance_band": names(BANDS, self.scores.bands[:, COMPLIANCE]),
                "compliance_base_points": np.full(n, axes["compliance"].base / MILLION),
                "completeness": self.scores.completeness,
                "base_points": np.full(n, axes["illicit"].base / MILLION),
            }
        )
        return frame.with_columns(
            pl.from_arrow(self.reasons(reasons)).alias("reasons"),  # type: ignore[union-attr]
            model=pl.lit(self.engine.scorecard.id),
            sops=pl.lit(self.engine.sops_version),
        )

    def documents(self, rows: list[int]) -> list[dict[str, Any]]:
        """Whole assessments (contract 2) of the chosen rows."""
        flat = self.flat("full")[rows].to_dicts()
        return [self._document(row, entry) for row, entry in zip(rows, flat, strict=True)]

    def _document(self, row: int, entry: dict[str, Any]) -> dict[str, Any]:
        words = self.engine.wording
        return {
            "parcel_id": entry["parcel_id"],
            "assessed_at": _rfc3339(self.as_of),
            "profile": self.profile,
            "as_of": _rfc3339(self.as_of),
            "score": entry["score"],
            "band": entry["band"],
            "illicit_band": entry["illicit_band"],
            "base_points": entry["base_points"],
            "compliance": {
                "score": entry["compliance_score"],
                "band": entry["compliance_band"],
                "base_points": entry["compliance_base_points"],
            },
            "action": entry["action"],
            "action_by": entry["action_by"],
            "case_type": entry["case_type"],
            "completeness": entry["completeness"],
            "missing": self.missing(row),
            "reasons": entry["reasons"],
            "procedure": words.procedure(entry["action"], entry["case_type"], self.profile),
            "counter": words.counter(entry["action"], entry["case_type"]),
            "versions": self.engine.versions,
            "lang": words.lang,
        }

    def missing(self, row: int, most: int = 3) -> list[dict[str, str]]:
        """The few fields whose completion would let the most weighty indicators be judged."""
        truth = self.answers.truth
        unknown = np.flatnonzero(~(truth.true[row] | truth.false[row]))
        parcel = self.facts.parcels[row]
        items = self.facts.items.filter(pl.col("parcel") == row)
        weight: dict[str, int] = {}
        helps: dict[str, list[str]] = {}
        for number in unknown:
            indicator = self.engine.active[number]
            for path in dict.fromkeys(p for leaf in leaves(indicator.when) for p in fields_behind(leaf.column)):
                lacking = (
                    items[path].null_count() or not items.height
                    if path.startswith("item.")
                    else parcel[path][0] is None
                )
                if lacking:
                    weight[path] = weight.get(path, 0) + abs(indicator.points)
                    helps.setdefault(path, []).append(indicator.id)
        best = sorted(weight, key=lambda path: (-weight[path], path))[:most]
        return [
            {
                "path": path.replace("item.", "items[].") if path.startswith("item.") else path,
                "why": f"without it {len(helps[path])} indicator{'s' if len(helps[path]) > 1 else ''} cannot be judged "
                f"({', '.join(helps[path][:4])}{' …' if len(helps[path]) > 4 else ''})",
            }
            for path in best
        ]


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Examined:
    """What is known about a batch before anything is weighed."""

    facts: Facts
    goods: GoodsText
    answers: Answers


def examine(tables: Tables, engine: Engine, as_of: datetime, also: frozenset[str] = frozenset()) -> Examined:
    """Normalise, read the goods text, build facts and judge every active indicator.

    Parameters
    ----------
    tables : Tables
    engine : Engine
    as_of : datetime
        The one clock, with an offset.
    also : frozenset of str
        Features to build beside those that the engine wants; training asks for its candidates.
    """
    tables = normalise(tables, engine.reference, as_of)
    goods = read_descriptions(tables.items["item.description"], engine.lexicon)
    facts = build_facts(tables, goods, engine.trade, as_of, engine.wanted | also)
    return Examined(facts, goods, evaluate([i.when for i in engine.active], facts.parcels, facts.items, facts.grouping))


def assess(tables: Tables, engine: Engine, *, as_of: datetime, profile: Profile = "authority") -> Assessed:
    """Assess a batch of parcels.

    Parameters
    ----------
    tables : Tables
        Typed parcels (n rows) and items, as every reader makes them.
    engine : Engine
    as_of : datetime
        The one clock of this assessment, with an offset.
    profile : {"authority", "operator"}
        Who it is for; an operator's assessment reads that courier's own data only.
    """
    seen = examine(tables, engine, as_of)
    facts, answers = seen.facts, seen.answers
    scores = score(engine.weights, answers.truth, facts.parcels)
    proposals = propose(engine.active, answers.truth.true)
    ledger = write_ledger(engine.weights, answers, scores, facts, seen.goods.hits)
    return Assessed(engine, profile, as_of, facts, seen.goods, answers, scores, proposals, ledger)


def rank_key(parcel_id: str, key: bytes = b"riskscore") -> bytes:
    """Keyed hash that orders parcels of equal score, so that nobody gains by a clever reference."""
    return hashlib.blake2b(parcel_id.encode("utf-8", "surrogatepass"), key=key, digest_size=8).digest()


__all__ = [
    "AXES",
    "BANDS",
    "Assessed",
    "Engine",
    "Examined",
    "assess",
    "examine",
    "load_engine",
    "rank_key",
    "sops_digest",
]
