"""From plans to declarations: forms, numbers, money, masses and parties, written down the same way for every parcel.

Which fields stay empty is drawn here for all parcels alike, so that a gap says nothing about what a parcel holds.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from riskscore.schema import BY_PATH, Tables, item_schema, parcel_schema
from riskscore.training.chance import Floats, as_share, of_identity, weighted
from riskscore.training.forms import Planned, references
from riskscore.training.ordinary import known_party
from riskscore.training.people import parties
from riskscore.training.slips import Slips, spoil_codes, spoil_masses, spoil_numbers, spoil_parties, spoil_texts
from riskscore.training.sources import traffic
from riskscore.training.spoil import typed

_BATTERIES = ("8507", "8517", "8471", "9102")
_TICKS = ("retaped", "covered_labels", "two_labels", "cannot_describe", "third_party_pickup", "shifting_mass")
_PAPER = BY_PATH["documents"].dtype
_SCREENED = BY_PATH["screening"].dtype
_STAYS_SUSPECT = 0.0004  # of ordinary parcels screened: what stays suspect after the operator's second look
c = pl.col


class Form(Planned):
    """Writes planned parcels down."""

    def write(self, first_number: int, slips: float) -> tuple[Tables, Slips]:
        """Write all parcels.

        Parameters
        ----------
        first_number : int
            Of the references.
        slips : float
            Rate of poor data, 1 being the usual one.
        """
        rng, plan = self.rng, self.plan
        count, kg, eur = (self.goods[name].to_numpy() for name in ("count", "kg", "eur"))
        line_eur, line_kg = np.maximum(eur * count, 0.1), np.maximum(kg * count, 0.005)
        total_eur, net = self.per_parcel(line_eur), self.per_parcel(line_kg)
        gross = np.maximum(net * rng.uniform(1.05, 1.18, self.n) + np.minimum(0.05, net * 0.2), 0.01)
        frame = references(self, total_eur, gross, first_number)
        rate = frame["currency"].replace_strict(traffic()["rates"], return_dtype=pl.Float64).to_numpy()
        gift = (plan["category"] == "gift").to_numpy()[self.of_parcel]
        line_eur = np.where(gift & (line_eur > 4), np.round(line_eur), line_eur)
        values = np.round(line_eur * rate[self.of_parcel], 2)
        frame = frame.with_columns(
            total_value=pl.Series(np.round(self.per_parcel(values), 2)),
            gross_mass_kg=pl.Series(np.round(gross, 3)),
        )
        frame = self._masses_and_money(frame, total_eur, gross, rate)
        frame = self._booking(frame)
        frame = self._papers(frame)
        frame = pl.concat([frame, *self._parties()], how="horizontal")
        items = self._items(values, line_kg, frame)
        slip = Slips(self.n, slips, rng)
        frame, items = spoil_texts(frame, items, plan, slip)
        frame, items = spoil_codes(frame, items, plan, slip)
        frame, items = spoil_masses(frame, items, slip)
        frame, items = spoil_numbers(frame, items, slip)
        frame = spoil_parties(frame, slip)
        return self._tables(frame, items), slip

    def _masses_and_money(self, frame: pl.DataFrame, eur: Floats, gross: Floats, rate: Floats) -> pl.DataFrame:
        """What the scale, the ruler and the postage stamp say."""
        rng, n, plan = self.rng, self.n, self.plan
        seen = np.round(gross * rng.normal(1.0, 0.012, n), 3)
        gap = plan["cue_mass_gap"].to_numpy()
        seen = np.where(gap, np.round(gross * rng.uniform(1.25, 1.9, n) + 0.2, 3), np.maximum(seen, 0.005))
        length, width, height = self._box()
        far = frame["far"].to_numpy()
        dear = plan["cue_dear_postage"].to_numpy()
        cost = np.where(far, 1.0 + 4.5 * gross, 1.6 + 2.4 * gross) * rng.uniform(0.7, 1.3, n)
        cost = np.minimum(cost, np.where(rng.random(n) < 0.03, 60.0, np.maximum(2.2 * eur, 0.8)))
        cost = np.where(dear, np.maximum(18.0 + 6 * gross, eur * rng.uniform(1.5, 8.0, n)), cost)
        times = plan["insured_times"].fill_null(0).to_numpy()
        high = np.where(plan["cue_insured_high"].to_numpy(), rng.uniform(3, 15, n), rng.uniform(0.9, 1.3, n))
        stated = self.share("insured_value") | (times > 0)
        insured = np.round(eur * rate * np.where(times > 0, times, high), 2)
        sides = pl.Series(self.share("dims_cm"))
        return frame.with_columns(
            gross_mass_kg=pl.when(pl.Series(self.share("gross_mass_kg"))).then("gross_mass_kg"),
            measured_mass_kg=pl.when(pl.Series(self.share("measured_mass_kg"))).then(pl.Series(seen)),
            postage=pl.when(pl.Series(self.share("postage"))).then(pl.Series(np.round(cost * rate, 2))),
            insured_value=pl.when(pl.Series(stated)).then(pl.Series(insured)),
            **{
                f"dims_cm.{side}": pl.when(sides).then(pl.Series(np.round(value, 0).clip(1)))
                for side, value in (("length", length), ("width", width), ("height", height))
            },
        )

    def _box(self) -> tuple[Floats, Floats, Floats]:
        """A box that holds all lines: the largest base, as high as the volume needs, but never higher than long."""
        sides = [self.goods[name].to_numpy() for name in ("length", "width", "height")]
        volume = self.per_parcel(sides[0] * sides[1] * sides[2]) * self.rng.uniform(1.0, 1.25, self.n)
        length, width = np.zeros(self.n), np.zeros(self.n)
        np.maximum.at(length, self.of_parcel, sides[0])
        np.maximum.at(width, self.of_parcel, sides[1])
        height = volume / (length * width)
        grow = np.sqrt(np.maximum(height / np.maximum(0.8 * length, 1.0), 1.0))
        return (
            length * np.where(grow > 1, grow ** (2 / 3), 1),
            width * np.where(grow > 1, grow ** (4 / 3), 1),
            height / grow**2,
        )

    def _booking(self, frame: pl.DataFrame) -> pl.DataFrame:
        """How transport was booked, and what a clerk noticed."""
        rng, n, plan = self.rng, self.n, self.plan
        stated, firm = pl.Series(self.share("booking")), frame["firm"]
        sender = plan["sender"].to_numpy()
        usual = pl.Series(["card", "cash", "prepaid", "transfer", "other"]).gather(
            weighted(rng, (48, 22, 16, 12, 2), n)
        )
        age = (as_share(of_identity(sender, 20)) ** 1.5 * 3_000).astype(np.int64) + 12
        age = np.where(plan["cue_new_account"].to_numpy(), rng.integers(1, 28, n), age)
        often = np.where(
            firm.to_numpy(),
            15 + 900 * as_share(of_identity(sender, 21)) ** 4,
            0.2 + 3 * as_share(of_identity(sender, 21)),
        )
        again = np.where(
            plan["cue_redirected"].to_numpy(), rng.integers(1, 4, n), (rng.random(n) < 0.02).astype(np.int64)
        )
        ticked = (rng.random(n) < 0.002) | plan["cue_ticked"].to_numpy()
        tick = pl.Series(_TICKS).gather(weighted(rng, (25, 15, 15, 15, 20, 10), n))
        third = plan["cue_third_payer"].to_numpy() | (rng.random(n) < 0.05)
        where = pl.Series(["counter", "web", "pickup"]).gather(weighted(rng, (55, 38, 7), n))
        self._pays = np.where(third, 2, np.where(rng.random(n) < 0.4, 1, 0))
        return frame.with_columns(pl.Series("age", age)).with_columns(
            observations=pl.when(pl.Series(ticked)).then(pl.concat_list(pl.lit(tick))),
            **{
                "booking.channel": pl.when(stated).then(pl.when(firm).then(pl.lit("api")).otherwise(pl.lit(where))),
                "booking.payment_method": pl.when(stated).then(
                    pl.when(plan["cue_cash"])
                    .then(pl.lit("cash"))
                    .when(firm & (pl.lit(rng.random(n)) < 0.9))
                    .then(pl.lit("account"))
                    .otherwise(pl.lit(usual))
                ),
                "booking.account_opened_on": pl.when(stated & pl.Series(self.share("booking.account_opened_on"))).then(
                    (c("declared_at") - pl.duration(days="age")).dt.date()
                ),
                "booking.account_shipping_frequency": pl.when(
                    stated & pl.Series(self.share("booking.account_shipping_frequency"))
                ).then(pl.Series(np.round(often, 1))),
                "booking.redirects": pl.when(stated & pl.Series(self.share("booking.redirects"))).then(
                    pl.Series(again)
                ),
            },
        )

    def _papers(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Invoices, clear screenings, battery labels: what ordinary parcels carry."""
        rng, n = self.rng, self.n
        blank = {name: pl.lit(None, dtype=dtype) for name, dtype in _PAPER.inner.to_schema().items()}
        invoice = blank | {
            "type": pl.lit("invoice"),
            "number": "SIM-INV-" + pl.lit(pl.Series(rng.integers(1_000, 99_999, n)).cast(pl.String)),
            "issuer_country": c("source"),
        }
        odd = pl.Series(rng.random(n) < _STAYS_SUSPECT)
        clear = {
            "method": pl.lit(pl.Series(["xray", "xray", "canine", "etd"]).gather(rng.integers(0, 4, n))),
            "result": pl.when(odd).then(pl.lit("suspect")).otherwise(pl.lit("clear")),
            "at": c("declared_at") + timedelta(hours=2),
            "reference": pl.lit(None, dtype=pl.String),
        }
        power = self.per_parcel(self.goods["hs_code"].str.slice(0, 4).is_in(_BATTERIES).fill_null(False).to_numpy()) > 0
        labelled = pl.Series(power & (rng.random(n) < 0.6)) & (c("route.mode") == "air")
        return frame.with_columns(
            documents=pl.when(pl.Series(self.share("documents"))).then(
                pl.concat_list(pl.struct([e.alias(k) for k, e in invoice.items()])).cast(_PAPER)
            ),
            screening=pl.when(pl.Series(self.share("screening"))).then(
                pl.concat_list(pl.struct([e.alias(k) for k, e in clear.items()])).cast(_SCREENED)
            ),
            handling_codes=pl.when(labelled).then(pl.lit(["ELI"])),
            un_number=pl.when(labelled).then(pl.lit("UN3481")),
        )

    def _parties(self) -> list[pl.DataFrame]:
        """Sender, recipient and payer, each as the form has them."""
        plan, n = self.plan, self.n
        third = known_party(self.rng, plan["source"].to_numpy(), self.rng.random(n) < 0.3)
        sender, recipient = plan["sender"].to_numpy(), plan["recipient"].to_numpy()
        ids = {"sender": sender, "recipient": recipient, "payer": np.choose(self._pays, [sender, recipient, third])}
        pays = pl.Series(self.share("payer"))
        written = []
        for role, numbers in ids.items():
            party = parties(numbers)
            fields = [name for name in party.columns if f"{role}.{name}" in self.filled]
            party = party.with_columns(
                *(pl.when(pl.Series(self.share(f"{role}.{name}"))).then(name).alias(name) for name in fields),
                name=_as_written(c("name"), pl.Series(self.rng.random(n)), c("kind") == "natural"),
            )
            if role == "payer":
                party = party.select("name", "company", "country", "account_id").select(pl.when(pays).then(pl.all()))
            elif role == "recipient":
                party = party.drop("id_number")
            written.append(party.rename({name: f"{role}.{name}" for name in party.columns}))
        return written

    def _items(self, values: Floats, line_kg: Floats, frame: pl.DataFrame) -> pl.DataFrame:
        """Items with their codes where the form and its sender give one."""
        rng, m, goods = self.rng, self.goods.height, self.goods
        at = pl.Series(self.of_parcel)
        form, category = frame["declaration_form"].gather(at), frame["category"].gather(at)
        coded = traffic()["coded"]
        share = pl.select(
            pl.when(form == "none")
            .then(float(coded["domestic"]))
            .when(category.is_in(["gift", "documents"]))
            .then(category.replace_strict({"gift": coded["gift"], "documents": coded["documents"]}, default=None))
            .when((category == "sale") & form.is_in(["CN23", "invoice"]))
            .then(float(coded["sale_form"]))
            .when(category == "sale")
            .then(float(coded["sale_small"]))
            .otherwise(float(coded["other"]))
        ).to_series()
        chance = pl.Series(rng.random(m))
        source = frame["source"].gather(at)
        tongue = self.plan["tongue"].gather(at)
        text = typed(
            rng,
            goods["text"],
            tongue,
            (category == "sale").to_numpy(),
            goods["as_it_stands"].to_numpy(),
            self.period.later,
        )
        dotted = goods["hs_code"].str.slice(0, 4) + "." + goods["hs_code"].str.slice(4)
        return (
            goods.select("parcel", "family", "count", marks="marks")
            .with_columns(
                item_no=pl.int_range(m, dtype=pl.Int64, eager=True) - pl.Series(_starts(self.of_parcel)),
                **{
                    "item.description": pl.when(self.filled_items("item.description")).then(text),
                    "item.hs_code": pl.when(chance < share).then(
                        pl.when(pl.Series(rng.random(m) < 0.12)).then(dotted).otherwise(goods["hs_code"])
                    ),
                    "item.quantity": pl.when(self.filled_items("item.quantity")).then(c("count").cast(pl.Float64)),
                    "item.unit": pl.when(self.filled_items("item.unit")).then(_unit(goods["hs_code"])),
                    "item.net_mass_kg": pl.when(self.filled_items("item.net_mass_kg")).then(
                        pl.Series(np.round(line_kg, 3))
                    ),
                    "item.value": pl.when(self.filled_items("item.value")).then(pl.Series(values)),
                    "item.origin_country": pl.when(self.filled_items("item.origin_country")).then(
                        pl.when(pl.Series(rng.random(m) < 0.72)).then(source).otherwise(pl.lit("CN"))
                    ),
                },
            )
            .with_columns(pl.when(self.filled_items("item.seq")).then(c("item_no") + 1).alias("item.seq"))
        )

    def _tables(self, frame: pl.DataFrame, items: pl.DataFrame) -> Tables:
        empty = pl.lit([], dtype=pl.List(pl.String))
        items = items.rename({"marks": "item.marks"})
        return Tables(
            _to_schema(frame, parcel_schema()).with_columns(unreadable=empty, contradictory=empty),
            _to_schema(items, item_schema()),
        )


def _to_schema(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    there = set(frame.columns)
    return frame.select(
        (c(name) if name in there else pl.lit(None)).cast(dtype).alias(name) for name, dtype in schema.items()
    )


def _starts(of_parcel: Any) -> Any:
    first = np.r_[True, of_parcel[1:] != of_parcel[:-1]]
    return np.maximum.accumulate(np.where(first, np.arange(len(of_parcel)), 0))


def _unit(codes: pl.Series) -> pl.Expr:
    pair = codes.str.contains("^(640[1-5]|6115)").fill_null(False)
    return pl.when(pair).then(pl.lit("pair")).otherwise(pl.lit("pcs"))


def _as_written(name: pl.Expr, chance: pl.Series, person: pl.Expr) -> pl.Expr:
    """Names as people write them: the family name first, capitals, an initial."""
    words = name.str.splitn(" ", 2)
    first, rest = words.struct.field("field_0"), words.struct.field("field_1")
    two = person & rest.is_not_null()
    return (
        pl.when(two & (pl.lit(chance) < 0.07))
        .then(rest + " " + first)
        .when(pl.lit(chance) < 0.16)
        .then(name.str.to_uppercase())
        .when(two & (pl.lit(chance) < 0.18))
        .then(first.str.slice(0, 1) + ". " + rest)
        .otherwise(name)
    )
