"""Licences, certificates, dangerous-goods papers and screening results: what is expected and what is shown."""

from __future__ import annotations

import polars as pl

from riskscore.features.registry import AS_OF, feature
from riskscore.features.tables import TradeTables

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
    return pl.when(col("goods_class") == _NOT_CONTROLLED).then(False).otherwise(asked)


_ROUTE = ("route.origin_country", "route.destination_country")


@feature("item", direction=0, sort="flag", reads=("goods_class", "route.origin_country"))
def export_licence_needed(trade: TradeTables) -> pl.Expr:
    """The country of dispatch licenses the export of such goods."""
    return _needed(trade, "route.origin_country", "export")


@feature("item", direction=0, sort="flag", reads=("goods_class", "route.destination_country"))
def import_licence_needed(trade: TradeTables) -> pl.Expr:
    """The country of destination licenses the import of such goods."""
    return _needed(trade, "route.destination_country", "import")


@feature(
    "parcel",
    direction=0,
    reads=("goods_class", *_ROUTE, "export_licence_needed", "import_licence_needed"),
    over_items="any",
)
def licence_expected(_: TradeTables) -> pl.Expr:
    """The table expects a licence for one of the items at dispatch or at destination."""
    return col("export_licence_needed") | col("import_licence_needed")


@feature(
    "parcel",
    direction=0,
    sort="text",
    reads=(*_ROUTE, "export_licence_needed", "import_licence_needed"),
    over_items="first",
)
def licence_need(_: TradeTables) -> pl.Expr:
    """Key of the first licence need: jurisdiction, class of goods, direction."""
    return pl.coalesce(
        pl.when(col("import_licence_needed")).then(_need_key("route.destination_country", "import")),
        pl.when(col("export_licence_needed")).then(_need_key("route.origin_country", "export")),
    )


def _label(trade: TradeTables, name: str) -> pl.Expr:
    table = {key: str(getattr(need, name)) for key, need in trade.licences.items()}
    return col("licence_need").replace_strict(table, default=None, return_dtype=pl.String)


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
    return col("licence_need").str.split("|").list.first()


@feature("parcel", direction=0, reads=("export_licence_needed", "import_licence_needed"), over_items="any")
def free_at_origin_licensed_at_destination(_: TradeTables) -> pl.Expr:
    """Goods that are free where they come from and licensed where they go to."""
    return ~col("export_licence_needed") & col("import_licence_needed")


def _document(condition: pl.Expr) -> pl.Expr:
    """Is there a document for which the condition holds? A document that may be one keeps the answer unknown."""
    holds = col("documents").list.eval(condition)
    open_ = holds.list.eval(pl.element().is_null()).list.any()
    found = col("documents").list.eval(condition.fill_null(False)).list.any()
    return pl.when(found | ~open_).then(found)


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
    return pl.when(licences.list.len() == 0).then(False).otherwise(outside)


@feature("parcel", direction=0, reads=("item.quantity",), over_items="max")
def highest_quantity(_: TradeTables) -> pl.Expr:
    """Largest quantity declared for one item."""
    return col("item.quantity")


@feature("parcel", direction=1, sort="flag", reads=("documents", "highest_quantity"))
def licence_quantity_short(_: TradeTables) -> pl.Expr:
    """More pieces are declared than the licence covers."""
    licences = col("documents").list.filter(_field("type").is_in(_LICENCES).fill_null(False))
    return licences.list.eval(_field("quantity")).list.max() < col("highest_quantity")


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
    coded = col("handling_codes").list.eval(pl.element().is_in(_EXPLOSIVE_CODES)).list.any()
    numbered = pl.when(col("un_number").is_not_null()).then(True)
    return numbered | _document(_field("type") == "dgd") | coded


@feature("parcel", direction=1, sort="flag", reads=("screening",))
def screening_suspect(_: TradeTables) -> pl.Expr:
    """A screening gave a suspect result and no later physical examination has cleared it."""
    suspect = _field("result") == "suspect"
    clear = (_field("method") == "physical") & (_field("result") == "clear")
    results = col("screening")
    last_suspect = results.list.eval(_field("at").filter(suspect)).list.max()
    last_clear = results.list.eval(_field("at").filter(clear)).list.max()
    found = results.list.eval(suspect.fill_null(False)).list.any()
    # Where a time is lacking, an opened and cleared parcel is taken as the later word.
    opened = results.list.eval(clear.fill_null(False)).list.any()
    before = (last_clear <= last_suspect).fill_null(False)
    return found & ~(opened & ~before)
