"""Makes the example manifests: an invented week of a small post in the Western Balkans.

Run ``python examples/make_examples.py``: it writes the same parcels as CSV, Excel, JSON Lines and Parquet, a part of
them as a courier exports them, and what each parcel deserves. The same seed always gives the same files.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from invented_people import Party, PartyMaker, to_cyrillic, without_marks
from ordinary_goods import KINDS, Kind
from write_examples import write_all
from written_parcels import VAGUE, WRITTEN, Goods, Written

SEED = 20261109
WEEK = datetime(2026, 11, 9, tzinfo=UTC)
HOME = "BA"
SALE, GIFT, BUSINESS, EXPORT, TRANSIT, PAPERS = "sale", "gift", "business", "export", "transit", "documents"
ORDINARY = {SALE: 325, GIFT: 75, BUSINESS: 45, EXPORT: 65, TRANSIT: 28, PAPERS: 8}

SHOP_LANES = {"CN": 48, "DE": 17, "TR": 9, "IT": 8, "US": 6, "AT": 4, "SI": 3, "HR": 3, "RS": 2}
GIFT_LANES = {"DE": 30, "AT": 18, "SE": 10, "CH": 9, "US": 9, "RS": 6, "HR": 6, "ME": 4, "GR": 3, "CN": 3, "NL": 2}
BUSINESS_LANES = {"DE": 35, "IT": 18, "AT": 17, "SI": 12, "TR": 10, "HR": 8}
EXPORT_LANES = {"DE": 32, "AT": 16, "HR": 12, "SE": 10, "CH": 9, "RS": 8, "US": 6, "MK": 4, "GB": 3}
TRANSIT_LANES = ("RS>HR", "HR>RS", "ME>HR", "RS>SI", "TR>HR", "HR>ME", "SI>RS")
EU = {"AT", "CZ", "DE", "FR", "GR", "HR", "IT", "NL", "PL", "SE", "SI"}
FAR = {"CN", "US"}
# what a shop, a relative or a firm in that country writes
TONGUES = {
    "CN": {"en": 85, "bs": 15},
    "DE": {"de": 60, "en": 40},
    "AT": {"de": 75, "en": 25},
    "CH": {"de": 60, "en": 40},
    "HR": {"bs": 100},
    "RS": {"bs": 60, "sr": 40},
    "ME": {"bs": 100},
    "SI": {"en": 60, "bs": 40},
    "BA": {"bs": 65, "sr": 15, "en": 20},
}

# one unit of the currency in EUR is 1 / rate
RATES = {"EUR": 1.0, "USD": 1.12, "BAM": 1.95583, "CHF": 0.94, "SEK": 11.2, "GBP": 0.86, "CZK": 25.0, "PLN": 4.3}
CURRENCIES = {"US": "USD", "CN": "USD", "BA": "BAM", "CH": "CHF", "SE": "SEK", "GB": "GBP", "CZ": "CZK", "PL": "PLN"}
LOW_VALUE_EUR = {HOME: 153.0, "EU": 150.0}  # 300 KM; the limit of H7
CN22_EUR, CN22_KG = 350.0, 2.0

Parcel = dict[str, Any]  # a value by path; "items" holds one such dict per line


@dataclass(frozen=True, slots=True)
class Plan:
    """What is decided about a parcel before it is written down."""

    lane: str
    sender: Party
    recipient: Party
    goods: tuple[Goods, ...]
    category: str
    channel: str
    mode: str
    expected: str = "clear"
    why: str = "ordinary goods"
    more: dict[str, Any] = field(default_factory=dict)


def s10(service: str, serial: int, country: str) -> str:
    """UPU S10 identifier with its check digit.

    Parameters
    ----------
    service : str
        Two letters, e.g. ``RR``.
    serial : int
        Eight digits.
    country : str
        Country of the issuing post.
    """
    digits = f"{serial:08d}"
    weighted = sum(int(digit) * weight for digit, weight in zip(digits, (8, 6, 4, 2, 3, 5, 9, 7), strict=True))
    check = {10: 0, 11: 5}.get(11 - weighted % 11, 11 - weighted % 11)
    return f"{service}{digits}{check}{country}"


class Week:
    """Plans and writes down the parcels of the week.

    Parameters
    ----------
    rng : random.Random
        The one source of chance.
    """

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.parties = PartyMaker(rng)
        self.customers: list[Party] = []

    def chance(self, share: float) -> bool:
        """True in this share of cases."""
        return self.rng.random() < share

    def pick(self, weights: dict[str, int]) -> str:
        """One key, as often as its weight says."""
        return self.rng.choices(list(weights), list(weights.values()))[0]

    def plans(self) -> list[Plan]:
        """All parcels in order of declaration: ordinary ones, with those written by hand spread among them."""
        ordinary = [self.ordinary(sort) for sort, count in ORDINARY.items() for _ in range(count)]
        self.rng.shuffle(ordinary)
        written = [self.written(entry) for entry in WRITTEN]
        self.rng.shuffle(written)
        numbers = range(len(ordinary) + len(written))
        places = set(self.rng.sample(numbers, len(written)))
        return [(written if number in places else ordinary).pop() for number in numbers]

    def ordinary(self, sort: str) -> Plan:
        """An ordinary parcel of one sort."""
        if sort == TRANSIT:
            lane = self.rng.choice(TRANSIT_LANES)
        elif sort == EXPORT:
            lane = f"{HOME}>{self.pick(EXPORT_LANES)}"
        else:
            lane = f"{self.pick({SALE: SHOP_LANES, BUSINESS: BUSINESS_LANES}.get(sort, GIFT_LANES))}>{HOME}"
        source, target = lane.split(">")
        shop = sort in {SALE, TRANSIT, BUSINESS} or (sort == EXPORT and self.chance(0.4))
        sender = self.parties.firm(source) if shop else self.person(source)
        recipient = self.parties.firm(target) if sort == BUSINESS else self.customer(target)
        where = {SALE: "e", TRANSIT: "e", GIFT: "g", BUSINESS: "b", EXPORT: "x", PAPERS: "d"}[sort]
        if where == "x" and not shop:
            where = "xg"
        goods = self.goods(where, source, gift=sort == GIFT)
        far = source in FAR or target in FAR or (source == "TR" and self.chance(0.5))
        worth = sum(g.eur for g in goods) >= 40
        express = worth and sort in {SALE, BUSINESS} and self.chance(0.5 if sort == BUSINESS else 0.15)
        mode = "air" if far or (express and self.chance(0.5)) else "road"
        category = PAPERS if sort == PAPERS else "sale" if shop else "gift"
        if sort == BUSINESS and self.chance(0.1):
            category = "sample"
        elif sort == SALE and self.chance(0.02):
            category = "returned"
        return Plan(lane, sender, recipient, goods, category, "express" if express else "postal", mode)

    def written(self, entry: Written) -> Plan:
        """A parcel written by hand; its parties appear in no other parcel."""
        source, target = entry.lane.split(">")
        sender = self.person(source) if entry.parties == "np" else self.parties.firm(source, new=True)
        recipient = self.parties.firm(target, new=True) if entry.parties == "ll" else self.person(target)
        texts = (entry.category, entry.channel, entry.mode, entry.expected, entry.why)
        return Plan(entry.lane, sender, recipient, entry.goods, *texts, entry.more)

    def person(self, country: str) -> Party:
        """A person; some of the region write their names in Cyrillic."""
        return self.parties.person(country, cyrillic=self.chance({"RS": 0.4, "MK": 1.0, "BA": 0.1}.get(country, 0.0)))

    def customer(self, country: str) -> Party:
        """A recipient; some at home have received something this week already."""
        if country != HOME:
            return self.person(country)
        if self.customers and self.chance(0.04):
            return self.rng.choice(self.customers)
        self.customers.append(self.person(country))
        return self.customers[-1]

    def goods(self, where: str, source: str, *, gift: bool) -> tuple[Goods, ...]:
        """One to five lines of ordinary goods."""
        lines = self.pick({"1": 35, "2": 30, "3": 35} if gift else {"1": 70, "2": 15, "3": 9, "4": 4, "5": 2})
        kinds = [kind for kind in KINDS if set(where) & set(kind.where)]
        chosen = self.rng.sample(kinds, min(int(lines), len(kinds)))
        tongue = "bs" if gift and self.chance(0.55) else self.pick(TONGUES.get(source, {"en": 100}))
        return tuple(self.line(kind, tongue, source, gift=gift) for kind in chosen)

    def line(self, kind: Kind, tongue: str, source: str, *, gift: bool) -> Goods:
        """One line of goods with value, mass and size that fit together."""
        quantity = 1 if self.chance(0.6) else self.rng.randint(1, kind.most)
        eur = round(round(self.rng.uniform(*kind.eur), 2) * quantity, 2)
        kg = max(round(self.rng.uniform(*kind.kg) * quantity, 2), 0.01)
        length, width, height = kind.size
        hs_missing = 1.0 if kind.where == "d" else 0.6 if gift else 0.15
        hs_code = None if self.chance(hs_missing) else kind.hs_code
        if hs_code and self.chance(0.1):
            hs_code = f"{hs_code[:4]}.{hs_code[4:]}"
        origin = None if gift or self.chance(0.3) else source if self.chance(0.6) or source == "CN" else "CN"
        return Goods(
            self.typed(self.rng.choice(kind.names["bs" if tongue == "sr" else tongue]), tongue, shop="e" in kind.where),
            hs_code, float(round(eur)) if gift else eur, kg, (length, width, height * quantity), quantity, origin,
        )  # fmt: skip

    def typed(self, text: str, tongue: str, *, shop: bool) -> str:
        """A description as senders really type it: marks left out, words cut short, capitals, slips."""
        if tongue == "sr":
            return to_cyrillic(text)
        if self.chance({"bs": 0.45, "de": 0.15}.get(tongue, 0.0)):
            text = without_marks(text)
        words = text.split(" ")
        longest = max(range(len(words)), key=lambda number: len(words[number]))
        word = words[longest]
        if word.isalpha() and len(word) >= 7 and self.chance(0.12):
            at = self.rng.randrange(2, len(word) - 2)
            slip = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
            words[longest] = word[:5] + "." if len(words) > 1 and self.chance(0.4) else slip
        text = " ".join(words)
        if shop and self.chance(0.15):
            text += " " + self.rng.choice(
                {"bs": ("kom", "novo", "NOVO!"), "de": ("neu", "NEU")}.get(tongue, ("new", "pcs"))
            )
        if self.chance(0.1):
            text = text.upper()
        return text

    def parcel(self, number: int, plan: Plan, declared_at: datetime) -> Parcel:
        """The declaration of one planned parcel."""
        source, target = plan.lane.split(">")
        currency = CURRENCIES.get(source, "EUR")
        rate = RATES[currency]
        eur = sum(goods.eur for goods in plan.goods)
        net = sum(goods.kg for goods in plan.goods)
        gross = round(max(net * self.rng.uniform(1.06, 1.2) + min(0.05, net * 0.2), net + 0.01), 2)
        postal = plan.channel == "postal"
        small = gross <= CN22_KG and eur <= CN22_EUR
        direction = "import" if target == HOME else "export" if source == HOME else "transit"
        export_stage = "counter" if plan.sender["kind"] == "natural" else "pre_loading"
        parcel: Parcel = {
            "parcel_id": f"BX-2026-{number:06d}",
            "channel": plan.channel,
            "direction": direction,
            "stage": {"import": "pre_arrival", "export": export_stage}.get(direction, "arrival"),
            "declaration_form": ("CN22" if small else "CN23") if postal else "invoice",
            "procedure": self.procedure(direction, target, eur, plan.category),
            "category": plan.category,
            "declared_at": declared_at,
            "decide_by": declared_at + timedelta(hours=8 if plan.mode == "air" else 30),
        }
        if postal:
            service = "EE" if self.chance(0.05) else ("LX" if plan.category == "sale" else "RR") if gross <= 2 else "CP"
            parcel["item_id"] = s10(service, self.rng.randrange(10_000_000, 99_999_999), source)
        else:
            parcel["waybill"] = f"{self.rng.randrange(10**9, 10**10)}"
        for role, party in (("sender", plan.sender), ("recipient", plan.recipient)):
            parcel |= {f"{role}.{key}": value for key, value in party.items()}
        parcel |= self.route(plan, direction)
        parcel["gross_mass_kg"] = gross
        if self.chance(0.4):
            parcel["measured_mass_kg"] = round(gross * self.rng.uniform(0.99, 1.02), 2)
        if plan.expected == "flag" or self.chance(0.85):
            parcel |= dict(zip(("dims_cm.length", "dims_cm.width", "dims_cm.height"), box(plan.goods), strict=True))
        total = round(sum(round(goods.eur * rate, 2) for goods in plan.goods), 2)
        parcel |= {"total_value": total, "currency": currency}
        if postal and self.chance(0.6):
            cost = (3 + 6 * gross) if plan.mode == "air" else (2 + 2.5 * gross)
            parcel["postage"] = round(min(cost, 2 * eur) * rate, 2)
        if eur >= 60 and self.chance(0.15):
            parcel["insured_value"] = total
        parcel |= self.extras(plan, source)
        parcel["items"] = [item(seq, goods, rate) for seq, goods in enumerate(plan.goods, start=1)]
        parcel |= plan.more
        if parcel.get("documents"):
            holders = {"RECIPIENT": plan.recipient["name"]}
            papers = parcel["documents"]
            parcel["documents"] = [
                {**paper, "holder": holders.get(paper["holder"], paper["holder"])} for paper in papers
            ]
        return {path: value for path, value in parcel.items() if value is not None}

    def procedure(self, direction: str, target: str, eur: float, category: str) -> str | None:
        """Customs data set by value, or none where the sender did not say."""
        if direction == "transit":
            return "transit"
        if direction == "import":
            return None if self.chance(0.1) else "simplified_low_value" if eur <= LOW_VALUE_EUR[HOME] else "full"
        if target in EU and category == "sale":
            return "H7" if eur <= LOW_VALUE_EUR["EU"] else "H1"
        return None

    def route(self, plan: Plan, direction: str) -> Parcel:
        """How the parcel travels."""
        source, target = plan.lane.split(">")
        express = plan.channel == "express"
        route: Parcel = {
            "route.origin_country": source,
            "route.destination_country": target,
            "route.mode": plan.mode,
            "route.carrier": "Bistrik Express" if express else "Planinska pošta",
            "route.service": "express" if express else self.pick({"economy": 45, "standard": 45, "priority": 10}),
            "route.destination_office": plan.recipient["city"],
        }
        if direction != "import":
            route["route.posting_office"] = plan.sender["city"]
        if direction == "transit":
            route["route.transit_countries"] = ["BG", "RS", HOME] if source == "TR" else [HOME]
        elif source == "CN" and self.chance(0.3):
            route["route.transit_countries"] = [self.rng.choice(("HU", "BE"))]
        return route

    def extras(self, plan: Plan, source: str) -> Parcel:
        """Booking, papers, handling codes and screening, where somebody filled them in."""
        legal = plan.sender["kind"] == "legal"
        extras: Parcel = {}
        if legal:
            opened = date(2018 + int(plan.sender["account_id"][-2:]) % 8, 1 + len(plan.sender["name"]) % 12, 15)
            extras |= {
                "booking.channel": "api",
                "booking.payment_method": "account",
                "booking.account_opened_on": opened,
                "booking.account_shipping_frequency": 40 + 10 * len(plan.sender["city"]),
            }
        elif self.chance(0.6):
            extras["booking.channel"] = self.pick({"counter": 75, "web": 25})
            extras["booking.payment_method"] = "cash" if extras["booking.channel"] == "counter" else "card"
        if legal and (plan.channel == "express" or self.chance(0.15)):
            number = f"INV-{self.rng.randrange(1000, 99_999)}"
            extras["documents"] = [
                {"type": "invoice", "number": number, "issuer_country": source, "holder": plan.sender["name"]},
            ]
        batteries = any((goods.hs_code or "").startswith(("850760", "851713", "847130")) for goods in plan.goods)
        if plan.mode == "air" and batteries:
            extras |= {"handling_codes": ["ELI"], "un_number": "UN3481"}
        if plan.expected == "clear" and self.chance(0.06):
            extras["screening"] = [{"method": "xray", "result": "clear"}]
        return extras


def item(seq: int, goods: Goods, rate: float) -> Parcel:
    """One line of the declaration, with its value in the currency of the parcel."""
    code = goods.hs_code or ""
    line: Parcel = {
        "item.seq": seq,
        "item.description": goods.description,
        "item.hs_code": goods.hs_code,
        "item.quantity": goods.quantity,
        "item.unit": "pair" if code.startswith(("64", "6115")) and not code.startswith("6406") else "pcs",
        "item.net_mass_kg": goods.kg,
        "item.value": round(goods.eur * rate, 2),
        "item.origin_country": goods.origin,
    }
    return {**line, "item.marks": list(goods.marks)} if goods.marks else line


def box(goods: tuple[Goods, ...]) -> tuple[float, float, float]:
    """A box in cm that holds all lines: the largest base, as high as the volume needs."""
    length, width = max(g.size[0] for g in goods), max(g.size[1] for g in goods)
    volume = sum(g.size[0] * g.size[1] * g.size[2] for g in goods)
    return float(length), float(width), float(max(1, round(volume / (length * width))))


def make() -> tuple[list[Parcel], list[dict[str, str]]]:
    """All parcels, and for each of them what it deserves and why."""
    rng = random.Random(SEED)  # noqa: S311 - the same parcels every time, not secrets
    week = Week(rng)
    plans = week.plans()
    minutes = sorted(
        day * 1440 + rng.randrange(6 * 60, 19 * 60)
        for day in rng.choices(range(7), (9, 9, 8, 8, 8, 4, 1), k=len(plans))
    )
    parcels = [
        week.parcel(number, plan, WEEK + timedelta(minutes=minute))
        for number, (plan, minute) in enumerate(zip(plans, minutes, strict=True), start=1)
    ]
    postal = [
        number for number, parcel in enumerate(parcels) if "item_id" in parcel and plans[number].why == "ordinary goods"
    ]
    for number in rng.sample(postal, 4):  # misread or mistyped: the check digit does not hold
        letters = parcels[number]["item_id"]
        parcels[number]["item_id"] = f"{letters[:10]}{(int(letters[10]) + 1) % 10}{letters[11:]}"
    expected = [
        {"parcel_id": parcel["parcel_id"], "expected": plan.expected, "why": plan.why}
        for parcel, plan in zip(parcels, plans, strict=True)
    ]
    return parcels, expected


def main() -> None:
    """Write the example files beside this one."""
    parcels, expected = make()
    write_all(Path(__file__).parent, parcels, expected)
    counts = Counter(row["expected"] for row in expected)
    print(f"{len(parcels)} parcels: {counts['flag']} flag, {counts['clear']} clear, {len(VAGUE)} of them vague")


if __name__ == "__main__":
    main()
