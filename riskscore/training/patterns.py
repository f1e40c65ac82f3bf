"""Cases: the illicit, the non-compliant and the openly licit parcels of patterns.yml, planned one by one.

They go through the same forms, the same slips of the pen and the same gaps in the data as ordinary parcels.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from riskscore.training.chance import chosen, weighted
from riskscore.training.ordinary import CUES, ITEM_PLAN, PARCEL_PLAN, known_party, lane_of, minutes, sorts, tongues
from riskscore.training.people import INVOLVED, identity
from riskscore.training.sources import TONGUES, in_period, pattern_file, span

# Where cases travel. Illicit ones leave the region more often than they enter it: 5 to 50 of a million in exports,
# 0.5 to 5 in imports are the bands in which published seizures and volumes leave room.
DIRECTIONS = {
    "illicit": {"export": 60.0, "import": 18.0, "transit": 16.0, "domestic": 6.0},
    "gaps": {"import": 72.0, "export": 8.0, "transit": 18.0, "domestic": 2.0},
    "open": {"import": 92.0, "export": 5.0, "transit": 3.0},
    "licit_arms": {"import": 60.0, "export": 25.0, "transit": 15.0},
}
_SORTS = {
    "private": {"import": "gift", "export": "export", "transit": "transit", "domestic": "domestic"},
    "shop": {"import": "shop", "export": "export_sale", "transit": "transit", "domestic": "domestic"},
    "business": {"import": "business", "export": "export_sale", "transit": "transit", "domestic": "domestic"},
}
_FIRMS = {"private": (0.04, 0.03), "shop": (0.9, 0.03), "business": (1.0, 0.95)}
_LOOK_ALIKES = {"a": "а", "o": "о", "e": "е", "p": "р", "c": "с", "i": "і", "x": "х"}
_DIGITS = {"i": "1", "o": "0", "e": "3", "a": "4", "s": "5"}

Parcel = dict[str, Any]


@dataclass
class Cases:
    """Planned cases.

    Parameters
    ----------
    parcels, items : list of dict
        Rows of `PARCEL_PLAN` and `ITEM_PLAN`; ``parcel`` counts from 0.
    fields : list of dict
        By ``case``: fields of the declaration that the pattern itself fixes.
    """

    parcels: list[Parcel] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)
    fields: list[dict[str, Any]] = field(default_factory=list)

    def frames(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The plans as tables."""
        return pl.DataFrame(self.parcels, schema=PARCEL_PLAN), pl.DataFrame(self.items, schema=ITEM_PLAN)


class CaseMaker:
    """Plans cases.

    Parameters
    ----------
    rng : numpy.random.Generator
        The source of chance.
    start : date
        First day of the period.
    days : int
        Its length.
    later : bool
        With the wordings of later periods.
    name : str
        Stands before the numbers of kits.
    """

    def __init__(self, rng: np.random.Generator, *, start: date, days: int, later: bool, name: str) -> None:
        self.rng = rng
        self.start = start
        self.days = days
        self.later = later
        self.name = name
        self.cases = Cases()
        self._kits = 0

    def add(self, kind: str, parcels: float) -> None:
        """Plan cases of one kind until about that many parcels are expected.

        Parameters
        ----------
        kind : str
            ``illicit``, ``gaps``, ``open`` or ``licit_arms``.
        parcels : float
            Expected number of parcels; the number itself is a matter of chance.
        """
        patterns = pattern_file()[kind]
        sizes = {name: _mean_size(p) for name, p in patterns.items()}
        weights = [float(p["weight"]) / sizes[name] for name, p in patterns.items()]
        mean = sum(float(p["weight"]) for p in patterns.values()) / sum(weights)
        for chance in weighted(self.rng, weights, int(self.rng.poisson(parcels / mean))):
            name = list(patterns)[int(chance)]
            self._incident(kind, name, patterns[name])

    def _incident(self, kind: str, name: str, pattern: dict[str, Any]) -> None:
        lane = self._lane(kind, pattern)
        minute = int(minutes(self.rng, 1, self.days, self.start.weekday())[0])
        if "kit" in pattern:
            low, high = span(pattern["kit"]["parcels"])
            order = self.rng.permutation(len(pattern["variants"]))[: int(self.rng.integers(int(low), int(high) + 1))]
            variants = [pattern["variants"][int(v)] for v in order]
            one_sender = self.rng.random() < float(pattern["kit"]["senders"])
            shared = ("recipient", "sender") if one_sender else ("recipient",)
            self._linked(kind, name, pattern, variants, lane, minute, shared, int(pattern["kit"]["days"]))
        elif "fan" in pattern:
            low, high = span(pattern["fan"]["parcels"])
            variant = pattern["variants"][int(self.rng.integers(len(pattern["variants"])))]
            variants = [variant] * int(self.rng.integers(int(low), int(high) + 1))
            self._linked(kind, name, pattern, variants, lane, minute, ("sender",), int(pattern["fan"]["days"]))
        else:
            variant = pattern["variants"][int(self.rng.integers(len(pattern["variants"])))]
            self._parcel(kind, name, pattern, variant, lane, minute, {})

    def _linked(
        self,
        kind: str,
        name: str,
        pattern: dict[str, Any],
        variants: list[dict[str, Any]],
        lane: Parcel,
        minute: int,
        shared: tuple[str, ...],
        days: int,
    ) -> None:
        """Parcels of one kit: the shared party stays, the rest is drawn anew."""
        self._kits += 1
        kept: Parcel = {"kit": f"{self.name}-K{self._kits:04d}"}
        last = self.days * 1440 - 1
        for variant in variants:
            at = min(last, minute + int(self.rng.integers(0, days * 1440)))
            planned = self._parcel(kind, name, pattern, variant, lane, at, kept)
            kept |= {role: planned[role] for role in shared} | {f"{r}_firm": planned[f"{r}_firm"] for r in shared}

    def _lane(self, kind: str, pattern: dict[str, Any]) -> Parcel:
        parties = pattern.get("parties", "mixed")
        if parties == "mixed":
            parties = chosen(self.rng, {"private": 55, "shop": 30, "business": 15})
        if "lanes" in pattern:
            source, target = lane_of(chosen(self.rng, pattern["lanes"]))
            home = lane_of("*>*")[0]
            direction = "import" if target == home else "export" if source == home else "transit"
        else:
            direction = chosen(self.rng, DIRECTIONS[kind])
            entry = sorts(self.later)[_SORTS[parties][direction]]
            lane = int(weighted(self.rng, entry.weights, 1)[0])
            source, target = int(entry.sources[lane]), int(entry.targets[lane])
        firms = self.rng.random(2) < _FIRMS[parties]
        gift = parties == "private" and self.rng.random() < 0.6
        return {
            "direction": direction,
            "source": source,
            "target": target,
            "sender_firm": bool(firms[0]),
            "recipient_firm": bool(firms[1]),
            "category": "gift" if gift else "sale" if self.rng.random() < 0.93 else "sample",
        }

    def _party(self, kind: str, country: int, firm: bool) -> int:
        where, who = np.array([country]), np.array([firm])
        if firm and (kind != "illicit" or self.rng.random() < 0.5):
            return int(known_party(self.rng, where, who)[0])
        rank = INVOLVED + np.uint64(self.rng.integers(0, 1 << 35))
        return int(identity(where, who, np.array([rank]))[0])

    def _parcel(
        self,
        kind: str,
        name: str,
        pattern: dict[str, Any],
        variant: dict[str, Any],
        lane: Parcel,
        minute: int,
        kept: Parcel,
    ) -> Parcel:
        number = len(self.cases.parcels)
        merged = {**pattern, **variant}
        parcel: Parcel = {
            **lane,
            "minute": minute,
            "sender": None,
            "recipient": None,
            "kit": None,
            **kept,
            "pattern": name,
            "illicit": int(kind == "illicit"),
            "noncompliant": int(kind == "gaps" or (bool(merged.get("noncompliant", 0)) and kind == "illicit")),
            "obvious": int(merged.get("obvious", 0)) if kind in ("illicit", "gaps") else 0,
            "case": number,
            "insured_times": float(self.rng.uniform(*span(merged["insured"]))) if "insured" in merged else None,
        }
        for role, country in (("sender", lane["source"]), ("recipient", lane["target"])):
            if parcel[role] is None:
                parcel[role] = self._party(kind, country, parcel[f"{role}_firm"])
        cues = pattern_file()["cues"]
        for cue in CUES:
            parcel[f"cue_{cue}"] = bool(kind == "illicit" and self.rng.random() < float(cues[cue]))
        item = self._item(merged, lane, not parcel["sender_firm"])
        parcel["tongue"] = item.pop("tongue")
        self.cases.parcels.append(parcel)
        self.cases.items.append({"parcel": number, **item})
        self.cases.fields.append(self._fields(merged, item, parcel))
        return parcel

    def _item(self, pattern: dict[str, Any], lane: Parcel, private: bool) -> dict[str, Any]:
        rng = self.rng
        texts = {tongue: in_period(found, self.later) for tongue, found in pattern["text"].items()}
        tongue = TONGUES[int(tongues(rng, np.array([lane["source"]]), np.array([private]))[0])]
        written = "bs" if tongue == "sr" else tongue
        if not texts.get(written):
            tongue = written = "en" if texts.get("en") else next(iter(texts))
        # where a wording exists for later periods only, half of the parcels use one
        found = texts[written]
        new = [p.removeprefix("+") for p in pattern["text"][written] if p.startswith("+")] if self.later else []
        pool = new if new and rng.random() < 0.5 else found
        text = self._filled(pool[int(rng.integers(len(pool)))])
        if pattern.get("disguise"):
            text = disguised(rng, text)
        code = chosen(rng, {str(key): float(weight) for key, weight in pattern["hs"].items()})
        low, high = (int(end) for end in span(str(pattern.get("count", "1"))))
        count = int(rng.integers(low, high + 1))
        if count > 20:
            count = int(rng.choice([n for n in (50, 100, 200, 250, 500) if low <= n <= high]))
        length, width, height = (float(side) * rng.uniform(0.85, 1.2) for side in pattern["size"].split("x"))
        kg = float(rng.uniform(*span(pattern["kg"])))
        if "dense" in pattern:  # kilograms in a litre
            shrink = (kg * count * 1_000 / float(rng.uniform(*span(pattern["dense"]))) / (length * width * height)) ** (
                1 / 3
            )
            length, width, height = length * shrink, width * shrink, height * shrink
        low_eur, high_eur = span(pattern["eur"])
        return {
            "tongue": tongue,
            "text": text,
            "hs_code": None if code == "none" else code,
            "family": None,
            "count": count,
            "eur": low_eur * (high_eur / low_eur) ** rng.random(),
            "kg": kg,
            "length": length,
            "width": width,
            "height": height,
            "as_it_stands": bool(pattern.get("disguise")),
            "marks": pattern.get("marks"),
        }

    def _filled(self, phrase: str) -> str:
        words = pattern_file()["words"]
        return re.sub(r"\{(\w+)\}", lambda slot: str(self.rng.choice(words[slot[1]])), phrase)

    def _fields(self, pattern: dict[str, Any], item: dict[str, Any], parcel: Parcel) -> dict[str, Any]:
        """What the pattern itself states on the form: papers, procedure, screening."""
        fixed: dict[str, Any] = {}
        declared = datetime(self.start.year, self.start.month, self.start.day, tzinfo=UTC) + timedelta(
            minutes=parcel["minute"]
        )
        licence = pattern.get("licence") or ("valid" if self.rng.random() < float(pattern.get("permit", 0)) else None)
        if licence:
            fixed["documents"] = [self._licence(licence, item, parcel, declared)]
            if licence in ("valid", "short"):
                fixed["procedure"] = "transit" if parcel["direction"] == "transit" else "full"
                fixed["declaration_form"] = "CN23"
        if pattern.get("papers") == "dangerous_goods":
            fixed["documents"] += [_paper("dgd", f"SIM-DG-{int(self.rng.integers(10_000, 99_999))}")]
            fixed |= {"un_number": "UN0012", "handling_codes": ["RXS"]}
        if pattern.get("low_value"):
            fixed |= {"procedure": "H7" if parcel["direction"] == "export" else "simplified_low_value"}
        if pattern.get("screening"):
            fixed["screening"] = [
                {
                    "method": "xray",
                    "result": pattern["screening"],
                    "at": declared + timedelta(hours=3),
                    "reference": f"SIM-X-{int(self.rng.integers(10_000, 99_999))}",
                }
            ]
        return fixed

    def _licence(self, licence: str, item: dict[str, Any], parcel: Parcel, declared: datetime) -> dict[str, Any]:
        rng = self.rng
        issued = declared.date() - timedelta(days=int(rng.integers(20, 300)))
        until = issued + timedelta(days=365)
        if licence == "expired":
            until = declared.date() - timedelta(days=int(rng.integers(5, 200)))
            issued = until - timedelta(days=365)
        quantity = max(1, item["count"] - int(rng.integers(1, 3))) if licence == "short" else item["count"]
        status = "refuted" if licence == "refuted" else "unverified" if rng.random() < 0.45 else "confirmed"
        paper = _paper("licence" if rng.random() < 0.6 else "permit", f"SIM-L-{int(rng.integers(10_000, 99_999))}")
        issuer = parcel["target"] if parcel["direction"] == "import" else parcel["source"]
        return paper | {
            "issuer": issuer,
            "holder": "recipient" if parcel["direction"] == "import" else "sender",
            "quantity": float(quantity),
            "valid_from": issued,
            "valid_to": until,
            "verification.status": status,
            "verification.by": None if status == "unverified" else "licensing authority (simulated)",
            "verification.at": None if status == "unverified" else declared - timedelta(days=1),
        }


def _paper(kind: str, number: str) -> dict[str, Any]:
    return {"type": kind, "number": number}


def _mean_size(pattern: dict[str, Any]) -> float:
    linked = pattern.get("kit") or pattern.get("fan")
    return sum(span(linked["parcels"])) / 2 if linked else 1.0


def disguised(rng: np.random.Generator, text: str) -> str:
    """A text with letters replaced, as published cases and phishing research describe it."""
    way = int(rng.integers(4))
    words = text.split(" ")
    word = words[0]
    table = _LOOK_ALIKES if way == 0 else _DIGITS
    if way in (0, 1):
        places = [at for at, letter in enumerate(word) if letter.lower() in table]
        for at in places[: 1 + int(rng.integers(2))]:
            word = word[:at] + table[word[at].lower()] + word[at + 1 :]
    elif way == 2:
        word = str(rng.choice([" ", ".", "-"])).join(word)
    else:
        at = max(1, len(word) // 2)
        word = word[:at] + "\u200b" + word[at:]
    return " ".join([word, *words[1:]])
