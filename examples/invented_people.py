"""Invented people and firms with real cities: surnames, firms, streets, numbers and addresses belong to nobody.

Telephone numbers come from ranges that regulators keep for fiction where there are any, else from a ``555`` block.
"""

from __future__ import annotations

import random
import unicodedata

Party = dict[str, str]

# city, postcode and, where it is usual, region
PLACES: dict[str, str] = {
    "BA": "Sarajevo:71000|Banja Luka:78000|Tuzla:75000|Zenica:72000|Mostar:88000|Bihać:77000|Bijeljina:76300|"
    "Brčko:76100|Doboj:74000|Prijedor:79101|Trebinje:89101|Travnik:72270|Goražde:73000|Livno:80101|Cazin:77220",
    "DE": "Berlin:10115|München:80331|Hamburg:20095|Köln:50667|Frankfurt am Main:60311",
    "AT": "Wien:1010|Graz:8010|Linz:4020|Salzburg:5020",
    "CH": "Zürich:8001|St. Gallen:9000|Luzern:6003",
    "SE": "Stockholm:111 20|Göteborg:411 03|Malmö:211 20",
    "US": "Chicago:60601:IL|Des Moines:50309:IA|Utica:13501:NY|St. Louis:63101:MO",
    "CN": "Shenzhen:518000|Guangzhou:510000|Yiwu:322000|Hangzhou:310000|Dongguan:523000",
    "TR": "İstanbul:34110|Bursa:16010|İzmir:35210",
    "IT": "Milano:20121|Verona:37121|Bologna:40121|Trieste:34121",
    "SI": "Ljubljana:1000|Maribor:2000",
    "HR": "Zagreb:10000|Split:21000|Rijeka:51000|Osijek:31000",
    "RS": "Beograd:11000|Novi Sad:21000|Niš:18000",
    "ME": "Podgorica:81000|Nikšić:81400",
    "MK": "Skopje:1000|Bitola:7000",
    "GR": "Θεσσαλονίκη:546 24",
    "CZ": "Brno:602 00",
    "PL": "Kraków:31-001",
    "NL": "Rotterdam:3011 AA",
    "FR": "Lyon:69001",
    "GB": "Leeds:LS1 4AP",
}

# "#" is a digit
PHONES: dict[str, str] = {
    "BA": "+387 61 555 ###|+387 62 555 ###|+387 65 555 ###|+387 66 555 ###|+387 33 555 ###|+387 51 555 ###",
    "DE": "+49 30 23125 ###|+49 89 99998 ###|+49 69 90009 ###|+49 40 66969 ###|+49 221 4710 ###",
    "AT": "+43 1 5550###|+43 720 555###",
    "CH": "+41 44 555 ## ##",
    "SE": "+46 8 465 004 ##|+46 31 390 06 ##|+46 40 628 04 ##",
    "US": "+1 312 555 01##|+1 515 555 01##|+1 315 555 01##|+1 314 555 01##",
    "CN": "+86 755 2555 0###|+86 10 5550 0###",
    "TR": "+90 212 555 0# ##",
    "IT": "+39 02 5550###|+39 045 5550###",
    "SI": "+386 1 555 0# ##",
    "HR": "+385 1 5550 ###|+385 21 555 ###",
    "RS": "+381 11 5550 ###|+381 21 555 0###",
    "ME": "+382 20 555 ###",
    "MK": "+389 2 255 0###",
    "GR": "+30 21 0555 0###",
    "CZ": "+420 555 012 ###",
    "PL": "+48 12 555 0# ##",
    "NL": "+31 10 555 0###",
    "FR": "+33 1 99 00 ## ##",
    "GB": "+44 113 496 0###",
}

_SLAVIC = (
    "Adela Adnan Amra Ana Azra Bojan Boris Damir Denis Dino Dragana Edin Elma Emina Filip Goran Igor Ivana Jasmin "
    "Jelena Katarina Lejla Luka Maja Marko Milica Mirela Nedim Nikola Petra Sanela Selma Senad Stefan Tanja Vedran "
    "Vesna Zlata Željko Đorđe Šejla",
    "Borovnjak Brezarac Bukvarica Čaplinović Cvjetojević Ćilimarac Gljivarić Golubinjak Hrastovac Javorčić Jagodarac "
    "Jutrović Kamenjaković Kestenjak Kišović Lipovčević Lastavčić Maglajac Medvjedić Mjesečar Munjković Oblačić "
    "Orahovčić Pčelarić Potočnjak Rosuljić Slavujević Snjegović Šljivarić Trnovčić Vjetrić Vrbanjković Zvjezdanić "
    "Žitković Đurđevčić",
)
_GERMAN = (
    "Anke Bernd Claudia Dieter Eva Florian Heike Jonas Katrin Lukas Marlene Niklas Petra Sabine Uwe Jürgen Käthe",
    "Wiesenklang Nebelreuter Birkensteg Sonnwinkler Kieselbrück Morgenthaler-Lenz Tannrausch Moosbühl Grünquell",
)
# first names and invented surnames, by country; "=" divides a name in another script from its Latin form
PEOPLE: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("BA", "HR", "RS", "ME", "MK", "SI"), _SLAVIC),
    **dict.fromkeys(("DE", "AT", "CH"), _GERMAN),
    "SE": ("Astrid Björn Elsa Göran Linnea Nils Åsa", "Björkvinge Snöstjärna Älvlund Dimfors Ekmåne"),
    "US": ("Abby Curtis Denise Howard Mark Tyler Wendy", "Maplecroft Riverstone Pinebrooke Larkmeadow"),
    "CN": ("晓=Xiao 明=Ming 丽=Li 伟=Wei", "云禾=Yunhe 星河=Xinghe 松月=Songyue"),
    "TR": ("Ayşe Çağla Emre Gökhan Işıl Murat", "Gökçelen Yıldızay Karadut İpekyel"),
    "IT": ("Chiara Dario Elena Luca Nicolò", "Fioravento Lunabella Pietrachiara"),
    "GR": ("Ελένη=Eleni Νίκος=Nikos Σοφία=Sofia", "Ανεμοπέτρας=Anemopetras Φεγγαρίδης=Fengaridis"),
    "CZ": ("Jiří Lenka", "Větrník Sněhulová"),
    "PL": ("Agnieszka Łukasz", "Mglisty Jodłowicz"),
    "NL": ("Daan Femke Joris", "Waterlelie Maanlicht Nevelzicht"),
    "FR": ("Hélène Rémi", "Clairvent Bellebrume"),
    "GB": ("Harriet Owen Poppy", "Thistlemoor Ambleford Fernwhistle"),
}

_SLAVIC_STREETS = (
    "Ulica plavih lipa|Tihog vjetra|Kestenova aleja|Breza|Put do mlina|Zvjezdana|Jutarnja|Orahova|Sniježna"
)
STREETS: dict[str, str] = {
    **dict.fromkeys(("BA", "HR", "RS", "ME", "MK", "SI"), _SLAVIC_STREETS),
    **dict.fromkeys(("DE", "AT", "CH"), "Nebelgasse|Zum Stillen Bach|Sonnwiesenweg|Moosklangstraße|Am Kieselgrund"),
    "SE": "Dimvägen|Stjärngränd",
    "US": "Foggy Hollow Ln|Larkmeadow Dr|Quiet Pond Rd",
    "CN": "Lychee Cloud Road|Bamboo Moon Street|Silver Carp Avenue",
    "TR": "Mavi Ihlamur Sok.|Sessiz Dere Cad.",
    "IT": "Via del Vento Lieve|Via Lunabella",
    "GR": "Οδός Ήσυχης Βροχής",
    "CZ": "Tichá Mlha",
    "PL": "ul. Mglista Jodła",
    "NL": "Maanlichtpad",
    "FR": "rue du Vent Clair",
    "GB": "Thistlemoor Row",
}

FIRMS: dict[str, str] = {
    "BA": "Oblak i Sinovi d.o.o.|Trnovita Šuma d.o.o.|Zvjezdani Mlin d.o.o.|Tiha Rijeka Obuća d.o.o.|"
    "Brezov Gaj Servis s.p.|Plavi Kesten Auto d.o.o.|Javor i Vjetar d.o.o.|Mala Munja Elektro d.o.o.",
    "DE": "Nebelreuter Versand GmbH|Kieselbrück Technik GmbH|Moosbühl Handel e.K.|Sonnwinkler Online GmbH|"
    "Grünquell Shop UG",
    "AT": "Birkensteg Handel GmbH|Tannrausch Werkzeug GmbH|Stillbach Industrie GmbH",
    "US": "Larkmeadow Goods LLC|Foggy Hollow Outlet LLC|Quiet Pond Supply Inc.",
    "CN": "Lychee Cloud Trading Co., Ltd|Bamboo Moon E-Commerce Co., Ltd|Silver Carp Import & Export Co., Ltd|"
    "Seven Lanterns Store|Happy Panda Daily Goods Co., Ltd|Red Kite Digital Co., Ltd|Paper Boat Fashion Co., Ltd|"
    "Jade Snail Home Co., Ltd|Morning Dew Beauty Co., Ltd|Tiny Whale Toys Co., Ltd|Golden Reed Technology Co., Ltd",
    "TR": "Gökçelen Tekstil A.Ş.|Karadut Ev Ltd. Şti.|İpekyel Giyim Ltd. Şti.",
    "IT": "Fioravento Moda S.r.l.|Pietrachiara Ricambi S.r.l.|Lunabella Casa S.r.l.",
    "SI": "Jutranja Rosa d.o.o.|Tihi Potok d.o.o.",
    "HR": "Morska Munja d.o.o.|Lipov List d.o.o.",
    "RS": "Zlatni Kesten d.o.o.|Severni Oblak d.o.o.",
    "ME": "Jadranska Rosa d.o.o.",
    "CZ": "Tichá Mlha s.r.o.",
    "PL": "Mglista Jodła Sp. z o.o.",
}

_DIGRAPHS = {"lj": "љ", "nj": "њ", "dž": "џ", "Lj": "Љ", "Nj": "Њ", "Dž": "Џ", "LJ": "Љ", "NJ": "Њ", "DŽ": "Џ"}
_LETTERS = dict(zip("abcčćdđefghijklmnoprsštuvzž", "абцчћдђефгхијклмнопрсштувзж", strict=True))
_SPECIAL = str.maketrans({"đ": "dj", "Đ": "Dj", "ß": "ss", "ı": "i", "ł": "l", "Ł": "L"})


def to_cyrillic(text: str) -> str:
    """The same words in Serbian Cyrillic; words with foreign letters (``w``, ``x``, ``y``, ``q``) stay as they are."""
    if any(letter in "wxyqWXYQ" for letter in text):
        return text
    for pair, letter in _DIGRAPHS.items():
        text = text.replace(pair, letter)
    letters = (_LETTERS.get(c.lower(), c) for c in text)
    return "".join(letter.upper() if c.isupper() else letter for c, letter in zip(text, letters, strict=True))


def without_marks(text: str) -> str:
    """Latin text without diacritics, as on many keyboards."""
    decomposed = unicodedata.normalize("NFD", text.translate(_SPECIAL))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


class PartyMaker:
    """Invents parties; no two share a name, a telephone number or an e-mail address.

    Parameters
    ----------
    rng : random.Random
        The one source of chance.
    """

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self._taken: set[str] = set()
        self._firms: dict[tuple[str, str], Party] = {}

    def person(self, country: str, *, cyrillic: bool = False) -> Party:
        """A new natural person with an address, often a telephone, sometimes an e-mail."""
        first, last = self._name(country)
        first, _, latin_first = first.partition("=")
        last, _, latin_last = last.partition("=")
        party: Party = {"name": last + first if country == "CN" else f"{first} {last}", "kind": "natural"}
        party |= self._address(country)
        if cyrillic:
            party |= {key: to_cyrillic(party[key]) for key in ("name", "street", "city")}
        if self.rng.random() < 0.7:
            party["phone"] = self._phone(country)
        if self.rng.random() < 0.4:
            party["email"] = self._email(
                f"{latin_first or first}.{latin_last or last}", self.rng.choice(("com", "org"))
            )
        return party

    def firm(self, country: str, *, new: bool = False) -> Party:
        """A firm: one of the known ones, always with the same address, or one that nobody else uses."""
        name = self.rng.choice(FIRMS[country].split("|"))
        if not new and (country, name) in self._firms:
            return self._firms[country, name]
        party: Party = {"kind": "legal", **self._address(country)}
        party["name"] = party["company"] = f"{party['city']} {name}" if new else name
        if party["name"] in self._taken:
            return self.firm(country, new=new)
        self._taken.add(party["name"])
        party["phone"] = self._phone(country)
        party["email"] = self._email(name.removesuffix(" d.o.o."), "com")
        party["account_id"] = f"AC-{len(self._taken) + 10_000}"
        if not new:
            self._firms[country, name] = party
        return party

    def _name(self, country: str) -> tuple[str, str]:
        while True:
            first, last = (self.rng.choice(names.split()) for names in PEOPLE[country])
            if f"{first} {last}" not in self._taken:
                self._taken.add(f"{first} {last}")
                return first, last

    def _address(self, country: str) -> Party:
        city, postcode, *region = self.rng.choice(PLACES[country].split("|")).split(":")
        street = self.rng.choice(STREETS[country].split("|"))
        number = self.rng.randrange(1, 180)
        address = {"street": f"{number} {street}" if country in {"US", "GB", "FR"} else f"{street} {number}"}
        address |= {"city": city, "postcode": postcode}
        return {**address, **({"region": region[0]} if region else {}), "country": country}

    def _phone(self, country: str) -> str:
        while True:
            pattern = self.rng.choice(PHONES[country].split("|"))
            phone = "".join(str(self.rng.randrange(10)) if c == "#" else c for c in pattern)
            if phone not in self._taken:
                self._taken.add(phone)
                return phone

    def _email(self, name: str, domain: str) -> str:
        words = "".join(c if c.isalnum() else "." for c in without_marks(name).lower()).split(".")
        local = ".".join(word for word in words if word)
        number, email = 1, f"{local}@example.{domain}"
        while email in self._taken:
            number += 1
            email = f"{local}{number}@example.{domain}"
        self._taken.add(email)
        return email
