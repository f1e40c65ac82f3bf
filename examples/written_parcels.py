"""The parcels written by hand: those that deserve a flag, the tricky innocents and the merely vague.

The wording stays at the level of published seizures and of ordinary shop listings. Every parcel is invented.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final, Literal

FLAG: Final = "flag"
CLEAR: Final = "clear"


@dataclass(frozen=True, slots=True)
class Goods:
    """One line of goods: value in EUR, net mass in kg and packed size in cm of the whole line."""

    description: str
    hs_code: str | None
    eur: float
    kg: float
    size: tuple[int, int, int]
    quantity: int = 1
    origin: str | None = None
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """One parcel written by hand.

    Parameters
    ----------
    lane : str
        Country of the sender and country of the recipient, e.g. ``TR>DE``.
    parties : str
        ``np`` for a natural sender and recipient, ``lp`` for a firm to a person, ``ll`` between firms.
    more : dict
        Fields by path that are set as they stand, over what the generator would choose.
    """

    expected: Literal["flag", "clear"]
    why: str
    lane: str
    goods: tuple[Goods, ...]
    parties: Literal["np", "lp", "ll"] = "np"
    category: Literal["sale", "gift"] = "sale"
    channel: Literal["postal", "express"] = "postal"
    mode: Literal["air", "road"] = "road"
    more: dict[str, Any] = field(default_factory=dict)


FLAGGED: tuple[Written, ...] = (
    # An honest declaration: the goods need a licence and none is shown.
    Written(
        FLAG,
        "hunting rifle declared openly; no licence shown",
        "AT>BA",
        (Goods("Lovačka puška kal. .308 Win, polovna", "930330", 620, 3.6, (112, 24, 12)),),
        more={"procedure": "full", "declaration_form": "CN23"},
    ),
    # Essential components called spare parts, with a machinery code instead of 9305.
    Written(
        FLAG,
        "pistol slide and barrel declared as spare parts under a machinery code",
        "US>BA",
        (Goods("pistol slide and barrel, spare parts set 9 mm", "848790", 190, 0.58, (24, 16, 6)),),
        mode="air",
    ),
    # Ammunition is an explosive of class 1 by air: no UN number, no declaration of dangerous goods.
    Written(
        FLAG,
        "ammunition by air without dangerous goods papers",
        "CZ>BA",
        (Goods("9x19 ammunition, box", "930630", 28, 0.62, (16, 12, 6), quantity=50),),
        parties="lp",
        channel="express",
        mode="air",
    ),
    # Goods under prohibitions and restrictions are excluded from the low-value data set.
    Written(
        FLAG,
        "pistol (HS 9302) in the low-value data set H7; export without authorisation",
        "BA>AT",
        (Goods("Pistolj sportski kal .22 LR", "9302.00", 140, 1.1, (30, 22, 8)),),
        more={"procedure": "H7", "declaration_form": "CN23"},
    ),
    # A lane and class named in public reports; no PTB mark, no transit authorisation.
    Written(
        FLAG,
        "blank-firing pistol on the lane TR to DE, no PTB mark, no transit authorisation",
        "TR>DE",
        (Goods("Kurusıkı tabanca / blank firing pistol 9 mm P.A.K.", "930390", 85, 0.95, (28, 20, 7), origin="TR"),),
        parties="lp",
    ),
    # A published misdeclaration: a filter with a thread of the kind used on muzzles.
    Written(
        FLAG,
        "solvent trap kit with a muzzle thread declared as fuel filter",
        "CN>BA",
        (Goods("Solvent trap kit fuel filter 1/2-28 aluminium", "842123", 34, 0.42, (24, 10, 8), origin="CN"),),
        parties="lp",
        mode="air",
    ),
    # 6.4 kg in 2.3 litres: nearly three times as dense as water, and the sender cannot say what it is.
    Written(
        FLAG,
        "toy code, solid steel parts, far too heavy for a toy of this size",
        "TR>BA",
        (Goods("toy set, solid steel parts", "950300", 12, 6.3, (24, 16, 6)),),
        more={"gross_mass_kg": 6.4, "measured_mass_kg": 6.42, "observations": ["cannot_describe"]},
    ),
    # A digit in place of a letter inside a word for a weapon.
    Written(
        FLAG,
        "digit in place of a letter inside a word for a weapon",
        "AT>BA",
        (Goods("p1štolj, polovan", None, 60, 0.98, (27, 19, 7)),),
        category="gift",
    ),
    # Three Cyrillic letters inside a word that looks Latin.
    Written(
        FLAG,
        "Cyrillic look-alike letters inside a Latin word for a weapon",
        "DE>BA",
        (Goods("p\u0456\u0455t\u043el barrel for collector", "732690", 55, 0.34, (20, 12, 6)),),
        category="gift",
    ),
    # Deactivation is proved by a certificate and a mark; neither is claimed.
    Written(
        FLAG,
        "deactivated rifle without deactivation certificate",
        "DE>BA",
        (Goods("Deko-Karabiner K98, deaktiviert, Sammlerstück", "970510", 380, 3.9, (116, 22, 11)),),
        more={"procedure": "full", "declaration_form": "CN23"},
    ),
    # A semi-finished essential component.
    Written(
        FLAG,
        "80% lower receiver: semi-finished essential component",
        "US>BA",
        (Goods("80% lower receiver, unfinished, aluminium", "761699", 75, 0.31, (24, 15, 7), origin="US"),),
        parties="lp",
        mode="air",
    ),
    # A suppressor is a part under the UN Protocol; declared openly, no licence.
    Written(
        FLAG,
        "suppressor for a hunting rifle; no licence shown",
        "AT>BA",
        (Goods("Schalldämpfer für Jagdgewehr Kal. .30", "930520", 260, 0.41, (26, 8, 8)),),
        more={"procedure": "full"},
    ),
    # A conversion device with the code of an electric switch.
    Written(
        FLAG,
        "conversion switch for a pistol under the code of an electric switch",
        "CN>BA",
        (Goods("auto switch for pistol, full auto, metal", "853650", 18, 0.04, (12, 9, 2), origin="CN"),),
        parties="lp",
        mode="air",
    ),
    # The same words in Cyrillic must be read like the Latin ones.
    Written(
        FLAG,
        "pistol parts, in Cyrillic, sent as a gift without a code",
        "RS>BA",
        (Goods("Делови за пиштољ, половно", None, 40, 0.55, (20, 14, 6)),),
        category="gift",
    ),
)


def _shop(why: str, lane: str, goods: Goods, *, mode: Literal["air", "road"] = "road") -> Written:
    return Written(CLEAR, why, lane, (goods,), parties="lp", mode=mode)


def _gift(why: str, lane: str, goods: Goods) -> Written:
    return Written(CLEAR, why, lane, (goods,), category="gift")


INNOCENT: tuple[Written, ...] = (
    _shop(
        "tool: glue gun",
        "CN>BA",
        Goods("hot melt glue gun 60W with 20 glue sticks", "851679", 9, 0.52, (26, 18, 7), origin="CN"),
        mode="air",
    ),
    _shop("tool: heat gun", "DE>BA", Goods("Heißluftpistole 2000 W", "851679", 32, 0.85, (28, 26, 10))),
    _shop(
        "massage gun",
        "CN>BA",
        Goods("masažni pištolj, 4 nastavka", "901910", 38, 0.95, (25, 22, 9), origin="CN"),
        mode="air",
    ),
    _shop("furniture slides", "AT>BA", Goods("drawer slides 450 mm, pair", "830242", 21, 1.7, (48, 9, 7), quantity=2)),
    _shop("door hardware", "DE>BA", Goods("door bolt brass / Türriegel", "830241", 14, 0.38, (20, 12, 5))),
    _gift(
        "hunting clothes", "DE>BA", Goods("lovačko odijelo, jakna i pantalone vel. L", "620323", 80, 1.7, (44, 36, 12))
    ),
    _shop("vehicle exhaust silencer", "HR>BA", Goods("auspuh lonac Golf 4", "870892", 58, 5.2, (78, 34, 24))),
    _shop("book about pistols", "HR>BA", Goods("knjiga o pištoljima", "490199", 18, 0.7, (26, 19, 4))),
    _gift("book about pistols", "DE>BA", Goods("Buch über Pistolen", "490199", 20, 0.8, (28, 21, 4))),
    _shop("toy", "CN>BA", Goods("water pistol toy, plastic", "950300", 6, 0.25, (30, 20, 8), origin="CN"), mode="air"),
    _shop("tool: nail gun", "DE>BA", Goods("pneumatic nail gun / Druckluftnagler", "846719", 95, 2.5, (36, 34, 13))),
    _shop("printer cartridges", "DE>BA", Goods("Druckerpatronen schwarz", "844399", 26, 0.22, (20, 15, 8), quantity=4)),
    _shop("water filter cartridge", "AT>BA", Goods("Filterpatrone für Wasserfilter", "842199", 17, 0.4, (28, 9, 9))),
    _gift("picture frame", "AT>BA", Goods("drveni okvir za slike", "441490", 15, 0.9, (42, 32, 5))),
    _shop(
        "camera accessory",
        "CN>BA",
        Goods("okidač za kameru, daljinski", "900691", 11, 0.06, (14, 9, 4), origin="CN"),
        mode="air",
    ),
    _shop("shoes: Lauf is also running", "DE>BA", Goods("Laufschuhe Herren Gr. 44", "640411", 75, 0.75, (34, 22, 13))),
    _shop("bicycle frame", "IT>BA", Goods("bicycle frame aluminium 56 cm", "871491", 180, 1.9, (96, 58, 18))),
    _shop(
        "car parts of the Zastava brand",
        "RS>BA",
        Goods("Zastava Jugo 45 dijelovi motora, karburator", "840991", 48, 1.8, (26, 22, 16)),
    ),
    _shop(
        "boiler part of the Beretta brand", "IT>BA", Goods("Beretta boiler NTC sensor", "840390", 24, 0.08, (14, 10, 4))
    ),
    _shop(
        "hair clipper of the Remington brand",
        "DE>BA",
        Goods("Remington hair clipper, trimmer set", "851020", 36, 0.6, (26, 20, 8)),
    ),
    _shop(
        "airsoft balls, plastic",
        "HR>BA",
        Goods("airsoft kuglice 6 mm 0,20 g", "392690", 9, 0.4, (18, 12, 7), quantity=2000),
    ),
    # Below half a joule it counts as a toy in the country of sale; recognised as airsoft, nothing to refer.
    Written(
        CLEAR,
        "airsoft order inside the free limits",
        "DE>BA",
        (
            Goods("Softair Pistole Federdruck unter 0,5 Joule ab 14", "950300", 19, 0.3, (26, 18, 6)),
            Goods("Softair Kugeln 6 mm 0,12 g", "392690", 5, 0.12, (10, 8, 6), quantity=1000),
            Goods("Schutzbrille Softair", "900490", 12, 0.09, (18, 9, 7)),
        ),
        parties="lp",
    ),
    _shop("long and thin, but a fishing rod", "IT>BA", Goods("fishing rod 160 cm", "950710", 42, 0.45, (162, 9, 8))),
    _shop("tap cartridge", "SI>BA", Goods("keramička patrona za slavinu 35 mm", "848190", 12, 0.11, (12, 9, 6))),
    _shop(
        "periodicals", "DE>BA", Goods("magazine subscription, 3 issues", "490290", 18, 0.75, (30, 22, 3), quantity=3)
    ),
    _shop("CD shelf", "PL>BA", Goods("CD rack steel, 60 discs", "940320", 24, 2.1, (48, 30, 14))),
    Written(
        CLEAR,
        "fasteners: M16 is a thread here",
        "DE>BA",
        (Goods("steel bolts M16x80 zinc plated", "731815", 39, 4.4, (25, 18, 12), quantity=25),),
        parties="ll",
    ),
    _shop(
        "drill bits: 9 mm is a diameter here",
        "AT>BA",
        Goods("HSS drill bits 9 mm", "820750", 22, 0.36, (18, 10, 4), quantity=10),
    ),
    _shop("kitchen blender", "US>BA", Goods("NutriBullet blender 600W", "850940", 64, 2.2, (36, 24, 20)), mode="air"),
    _shop(
        "microphone",
        "CN>BA",
        Goods("shotgun microphone for camera", "851810", 33, 0.26, (26, 12, 8), origin="CN"),
        mode="air",
    ),
    _shop(
        "tool: caulking gun", "AT>BA", Goods("pištolj za silikon / Kartuschenpistole", "820559", 11, 0.65, (38, 17, 6))
    ),
    _shop(
        "toy",
        "CN>BA",
        Goods("toy blaster with 20 foam darts, plastic", "950300", 16, 0.55, (40, 26, 8), origin="CN"),
        mode="air",
    ),
    # The permit was confirmed by the authority, so nothing is missing.
    Written(
        CLEAR,
        "air pistol for sport with the F mark; permit confirmed by the authority",
        "DE>BA",
        (Goods("Luftpistole 4,5 mm Sport bis 7,5 Joule", "930400", 145, 1.0, (34, 24, 8), marks=("f_pentagon",)),),
        parties="lp",
        more={
            "procedure": "full",
            "documents": [
                {
                    "type": "permit",
                    "number": "SIM-AP-2026-0417",
                    "issuer_country": "BA",
                    "holder": "RECIPIENT",
                    "goods_class": "airgun",
                    "quantity": 1,
                    "valid_from": date(2026, 9, 1),
                    "valid_to": date(2027, 3, 1),
                    "verification": {
                        "status": "confirmed",
                        "by": "Ministry of the Interior (simulated)",
                        "at": datetime(2026, 11, 9, 8, 0, tzinfo=UTC),
                    },
                },
            ],
        },
    ),
)

_VAGUE = "vague: ask what it is, no more"
VAGUE: tuple[Written, ...] = (
    _gift(_VAGUE, "SE>BA", Goods("gift", None, 30, 1.1, (28, 20, 12))),
    _gift(_VAGUE, "AT>BA", Goods("dijelovi", None, 45, 1.6, (30, 20, 12))),
    _gift(_VAGUE, "DE>BA", Goods("Geschenk", None, 25, 0.8, (26, 18, 11))),
    _gift(_VAGUE, "RS>BA", Goods("роба", None, 20, 1.4, (32, 22, 12))),
    _gift(_VAGUE, "CH>BA", Goods("poklon", None, 40, 2.2, (36, 26, 16))),
    _shop(_VAGUE, "CN>BA", Goods("accessories", None, 7, 0.14, (18, 12, 4)), mode="air"),
    _shop(_VAGUE, "TR>BA", Goods("spare parts", None, 26, 0.9, (24, 16, 8))),
)

WRITTEN: tuple[Written, ...] = FLAGGED + INNOCENT + VAGUE
