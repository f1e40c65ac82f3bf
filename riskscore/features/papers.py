"""Licences, certificates and dangerous-goods papers: what is expected and what is shown."""

from __future__ import annotations

import polars as pl

from riskscore.features.columns import listed, only_where
from riskscore.features.registry import AS_OF, feature
from riskscore.features.rules import transit_codes
from riskscore.features.tables import TradeTables
from riskscore.trade_rules import ask, rule_key

col = pl.col
_LICENCES = ("licence", "permit", "certificate")
_EXPLOSIVE_CODES = ("RXS", "RXB", "RXC", "RXD", "RXE", "RXG", "RCX", "REX")
_NOT_CONTROLLED = "other"


def _need_key(country: str, direction: str) -> pl.Expr:
    return pl.concat_str(col(country), pl.lit("|"), col("goods_class"), pl.lit(f"|{direction}"))


def _needed(trade: TradeTables, country: str, direction: str) -> pl.Expr:
    """Does the table ask for a licence? Unknown where it does not know the place or the class."""
    table = {key: need.needed for key, need in trade.licences.items()}
    asked = _need_key(country, direction).replace_strict(table, default=None, return_dtype=pl.Boolean)
    controlled = col("goods_class") != _NOT_CONTROLLED
    return (
        pl.when(~controlled).then(False).otherwise(only_where(controlled, ("goods_class", country), asked, pl.Boolean))
    )


_ROUTE = ("route.origin_country", "route.destination_country")
_TRANSIT = "route.transit_countries"


@feature("item", direction=0, sort="flag", reads=("goods_class", "route.origin_country"))
def export_licence_needed(trade: TradeTables) -> pl.Expr:
    """The country of dispatch licenses the export of such goods."""
    return _needed(trade, "route.origin_country", "export")


@feature("item", direction=0, sort="flag", reads=("goods_class", "route.destination_country"))
def import_licence_needed(trade: TradeTables) -> pl.Expr:
    """The country of destination licenses the import of such goods."""
    return _needed(trade, "route.destination_country", "import")


def _transit_need(trade: TradeTables, goods_class: str, transit: str) -> str:
    """Key of the first transit country that licenses such goods; ``no`` when none does, ``unknown`` when one may."""
    keys = [f"{code}|{goods_class}|transit" for code in transit.split(",") if code]
    needs = [trade.licences.get(key) for key in keys]
    needed = next((key for key, need in zip(keys, needs, strict=True) if need is not None and need.needed), None)
    return needed or ("unknown" if None in needs else "no")


@feature("item", direction=0, sort="text", reads=("goods_class", _TRANSIT))
def transit_licence_need(trade: TradeTables) -> pl.Expr:
    """Key of the first transit country that licenses such goods, or: no, unknown."""
    controlled = (col("goods_class") != _NOT_CONTROLLED) & col(_TRANSIT).is_not_null()
    key = rule_key(col("goods_class"), transit_codes())
    answer = ask(key, lambda goods_class, transit: _transit_need(trade, goods_class, transit), pl.String)
    needed = only_where(controlled, ("goods_class", _TRANSIT), answer, pl.String)
    return pl.when(col("goods_class") == _NOT_CONTROLLED).then(pl.lit("no")).otherwise(needed)


@feature("item", direction=0, sort="flag", reads=("transit_licence_need",))
def transit_licence_needed(_: TradeTables) -> pl.Expr:
    """One of the transit countries licenses the transit of such goods."""
    need = col("transit_licence_need")
    return pl.when(need != "unknown").then(need != "no")


_NEEDS = ("export_licence_needed", "import_licence_needed", "transit_licence_needed")


@feature("parcel", direction=0, reads=_NEEDS, over_items="any")
def licence_expected(_: TradeTables) -> pl.Expr:
    """The table expects a licence for one of the items at dispatch, on the way or at destination."""
    return col(_NEEDS[0]) | col(_NEEDS[1]) | col(_NEEDS[2])


@feature(
    "parcel",
    direction=0,
    sort="text",
    reads=("goods_class", *_ROUTE, *_NEEDS, "transit_licence_need"),
    over_items="first",
)
def licence_need(_: TradeTables) -> pl.Expr:
    """Key of the first licence need: jurisdiction, class of goods, direction."""
    first = pl.coalesce(
        pl.when(col("import_licence_needed")).then(_need_key("route.destination_country", "import")),
        pl.when(col("export_licence_needed")).then(_need_key("route.origin_country", "export")),
        pl.when(col("transit_licence_needed")).then(col("transit_licence_need")),
    )
    needed = col(_NEEDS[0]) | col(_NEEDS[1]) | col(_NEEDS[2])
    return only_where(needed, ("goods_class", *_ROUTE, *_NEEDS, "transit_licence_need"), first, pl.String)


def _label(trade: TradeTables, name: str) -> pl.Expr:
    table = {key: str(getattr(need, name)) for key, need in trade.licences.items()}
    label = col("licence_need").replace_strict(table, default=None, return_dtype=pl.String)
    return only_where(col("licence_need").is_not_null(), ("licence_need",), label, pl.String)


@feature("parcel", direction=0, sort="text", reads=("licence_need",))
def licence_authority(trade: TradeTables) -> pl.Expr:
    """Authority that grants the licence the table expects."""
    return _label(trade, "authority")


@feature("parcel", direction=0, sort="text", reads=("licence_need",))
def licence_as_of(trade: TradeTables) -> pl.Expr:
    """Date of the table row that expects the licence."""
    return _label(trade, "as_of")


@feature("parcel", direction=0, sort="text", reads=("licence_need",))
def licence_jurisdiction(_: TradeTables) -> pl.Expr:
    """Jurisdiction whose licence the table expects."""
    first = col("licence_need").str.split("|").list.first()
    return only_where(col("licence_need").is_not_null(), ("licence_need",), first, pl.String)


@feature("parcel", direction=0, reads=("export_licence_needed", "import_licence_needed"), over_items="any")
def free_at_origin_licensed_at_destination(_: TradeTables) -> pl.Expr:
    """Goods that are free where they come from and licensed where they go to."""
    return ~col("export_licence_needed") & col("import_licence_needed")


def _document(condition: pl.Expr) -> pl.Expr:
    """Is there a document for which the condition holds? A document that may be one keeps the answer unknown."""
    holds = col("documents").list.eval(condition)
    open_ = holds.list.eval(pl.element().is_null()).list.any()
    found = col("documents").list.eval(condition.fill_null(False)).list.any()
    return listed("documents", ("documents",), pl.when(found | ~open_).then(found), False)


def _field(name: str) -> pl.Expr:
    return pl.element().struct.field(name)


def _verified(status: str) -> pl.Expr:
    """A document of which no verification is stated is an unverified one."""
    return _field("verification.status").fill_null("unverified") == status


@feature("parcel", direction=-1, sort="flag", reads=("documents",))
def licence_claimed(_: TradeTables) -> pl.Expr:
    """A licence, permit or certificate is among the documents."""
    return _document(_field("type").is_in(_LICENCES))


@feature("parcel", direction=-1, sort="flag", reads=("documents",))
def licence_confirmed(_: TradeTables) -> pl.Expr:
    """A licence, permit or certificate that the authority has confirmed."""
    return _document(_field("type").is_in(_LICENCES) & _verified("confirmed"))


@feature("parcel", direction=1, sort="flag", reads=("documents",))
def licence_refuted(_: TradeTables) -> pl.Expr:
    """A licence, permit or certificate that the authority has refuted."""
    return _document(_field("type").is_in(_LICENCES) & _verified("refuted"))


@feature("parcel", direction=1, sort="flag", reads=("documents", "declared_at"))
def licence_expired(_: TradeTables) -> pl.Expr:
    """A licence that was not valid on the day of the declaration."""
    day = pl.coalesce(col("declared_at"), col(AS_OF)).dt.date()
    licences = col("documents").list.filter(_field("type").is_in(_LICENCES).fill_null(False))
    last = licences.list.eval(_field("valid_to")).list.min()
    first = licences.list.eval(_field("valid_from")).list.max()
    outside = (last < day) | (first > day)
    # A licence without dates is not an expired one; whether it is valid stays unknown.
    expired = pl.when(licences.list.len() == 0).then(False).otherwise(outside)
    return listed("documents", ("documents", "declared_at", AS_OF), expired, False)


@feature("parcel", direction=0, reads=("item.quantity",), over_items="max")
def highest_quantity(_: TradeTables) -> pl.Expr:
    """Largest quantity declared for one item."""
    return col("item.quantity")


@feature("parcel", direction=1, sort="flag", reads=("documents", "highest_quantity"))
def licence_quantity_short(_: TradeTables) -> pl.Expr:
    """More pieces are declared than the licence covers."""
    licences = col("documents").list.filter(_field("type").is_in(_LICENCES).fill_null(False))
    short = licences.list.eval(_field("quantity")).list.max() < col("highest_quantity")
    return listed("documents", ("documents", "highest_quantity"), short, None)


@feature("parcel", direction=-1, sort="flag", reads=("documents", "route.destination_country"))
def import_authorisation_shown(_: TradeTables) -> pl.Expr:
    """A licence, permit or certificate of the country of destination is among the documents."""
    destination = col("route.destination_country")
    sure = col("documents").list.filter(_field("type").is_in(_LICENCES).fill_null(False))
    shown = sure.list.eval(_field("issuer_country")).list.contains(destination).fill_null(False)
    # A licence without an issuer, or a paper whose kind is not said, may be the one.
    vague = _field("type").is_null() | (_field("type").is_in(_LICENCES) & _field("issuer_country").is_null())
    open_ = col("documents").list.eval(vague).list.any()
    answer = pl.when(destination.is_not_null() & (shown | ~open_)).then(shown)
    reads = ("documents", "route.destination_country")
    return listed("documents", reads, answer, pl.when(destination.is_not_null()).then(False))


@feature("parcel", direction=-1, sort="flag", reads=("documents", "declared_at"))
def firearms_pass_shown(_: TradeTables) -> pl.Expr:
    """A European Firearms Pass whose stated dates cover the day of the declaration, and which nobody has refuted."""
    day = pl.coalesce(col("declared_at"), col(AS_OF)).dt.date()
    passes = col("documents").list.filter((_field("type") == "efp").fill_null(False) & ~_verified("refuted"))
    last = passes.list.eval(_field("valid_to")).list.max()
    first = passes.list.eval(_field("valid_from")).list.min()
    valid = pl.when(passes.list.len() == 0).then(False).otherwise((last >= day) & (first <= day))
    return listed("documents", ("documents", "declared_at", AS_OF), valid, False)


@feature("parcel", direction=-1, sort="flag", reads=("documents",))
def invoice_shown(_: TradeTables) -> pl.Expr:
    """An invoice is among the documents."""
    return _document(_field("type") == "invoice")


@feature("item", direction=0, reads=("item.value_eur", "item.quantity"))
def item_value_by_pieces_eur(_: TradeTables) -> pl.Expr:
    """Declared value of the item if it were that of one piece: times the quantity, EUR."""
    return col("item.value_eur") * col("item.quantity")


@feature("parcel", direction=0, reads=("item.value_eur",), over_items="sum")
def items_value_eur(_: TradeTables) -> pl.Expr:
    """Declared values of the items together, EUR."""
    return col("item.value_eur")


@feature("parcel", direction=0, reads=("item_value_by_pieces_eur",), over_items="sum")
def items_value_by_pieces_eur(_: TradeTables) -> pl.Expr:
    """Declared values of the items together, each taken as that of one piece, EUR."""
    return col("item_value_by_pieces_eur")


@feature("parcel", direction=1, reads=("total_value", "value_eur", "items_value_eur", "items_value_by_pieces_eur"))
def items_total_gap(_: TradeTables) -> pl.Expr:
    """Difference between the total value and that of the items (read as totals or as prices), share of the total."""
    total = pl.when(col("total_value") > 0).then(col("value_eur"))
    by_total, by_piece = ((col(n) - total).abs() / total for n in ("items_value_eur", "items_value_by_pieces_eur"))
    # A quantity that is not stated leaves it open which of the two was meant.
    return pl.when(by_total.is_not_null() & by_piece.is_not_null()).then(pl.min_horizontal(by_total, by_piece))


@feature("parcel", direction=-1, sort="flag", reads=("documents",))
def deactivation_paper(_: TradeTables) -> pl.Expr:
    """A deactivation certificate is among the documents."""
    return _document(_field("type") == "deactivation")


@feature("parcel", direction=-1, reads=("item.marks",), over_items="any")
def deactivation_mark(_: TradeTables) -> pl.Expr:
    """A deactivation mark is stated for an item."""
    return col("item.marks").list.contains("deactivation")


@feature("parcel", direction=-1, sort="flag", reads=("deactivation_paper", "deactivation_mark"))
def deactivation_shown(_: TradeTables) -> pl.Expr:
    """A deactivation certificate or mark is shown."""
    return col("deactivation_paper") | col("deactivation_mark")


@feature("parcel", direction=0, sort="flag", reads=("un_number", "documents", "handling_codes"))
def dangerous_goods_papers(_: TradeTables) -> pl.Expr:
    """Dangerous goods are declared: a UN number, a dangerous goods declaration or an explosives handling code."""
    explosive = col("handling_codes").list.eval(pl.element().is_in(_EXPLOSIVE_CODES)).list.any()
    coded = listed("handling_codes", ("handling_codes",), explosive, False)
    numbered = pl.when(col("un_number").is_not_null()).then(True)
    return numbered | _document(_field("type") == "dgd") | coded
