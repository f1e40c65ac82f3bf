"""What ordinary parcels hold: about ninety kinds of goods with plausible value, mass, size and HS 2022 code.

One line each: HS code, value of one in EUR, net mass of one in kg, packed size of one in cm, most pieces in one line
of a declaration, where it occurs (e shop, g gift, x export, b business, d documents), then how senders call it in
English, in Bosnian/Croatian/Serbian (Latin; Cyrillic is derived from it) and in German.
"""

from __future__ import annotations

from dataclasses import dataclass

_TABLE = """
610910|3-18|0.12-0.22|30x24x2|4|egx|cotton t-shirt/T-shirt men L|majica pamučna/muška majica|T-Shirt Baumwolle
620342|9-45|0.4-0.7|34x28x5|2|eg|mens jeans/trousers cotton|farmerke muške/pantalone|Herrenhose/Jeans Gr. 52
620462|8-40|0.3-0.6|34x28x4|2|eg|womens pants/ladies jeans|ženske pantalone|Damenhose Baumwolle
611030|8-40|0.3-0.6|35x28x6|2|egx|knitted sweater/hoodie|džemper/duks sa kapuljačom|Pullover gestrickt
620140|20-90|0.7-1.3|42x34x10|1|eg|winter jacket men/padded jacket|zimska jakna|Winterjacke Herren
620240|20-95|0.6-1.2|42x34x10|1|eg|winter jacket women|ženska zimska jakna|Damenjacke wattiert
611595|1-5|0.04-0.08|20x10x2|10|eg|cotton socks/socks pair|čarape pamučne|Socken Baumwolle
611594|3-9|0.08-0.15|24x12x4|5|gx|hand knitted wool socks|vunene čarape ručni rad|Wollsocken handgestrickt
640411|18-70|0.6-1.0|33x21x12|1|eg|sport shoes size 42/sneakers|patike br. 42/tenisice|Turnschuhe Gr. 40
640399|25-90|0.8-1.4|34x24x13|1|egx|leather shoes|kožne cipele|Lederschuhe
640520|4-15|0.2-0.4|30x18x9|2|eg|home slippers|kućne papuče|Hausschuhe
650500|3-12|0.07-0.15|22x18x5|3|egx|winter hat/beanie|kapa pletena|Wintermütze
611710|4-15|0.12-0.25|28x20x4|2|egx|scarf|šal|Schal
620442|8-45|0.25-0.5|34x28x4|2|e|summer dress/cotton dress|haljina|Damenkleid
611120|4-18|0.1-0.3|28x20x4|4|egx|baby clothes/baby bodysuit|odjeća za bebe/bodi za bebu|Babykleidung/Strampler
420292|8-45|0.4-0.9|40x28x8|1|eg|backpack/school bag|ruksak/školska torba|Rucksack
420221|25-90|0.5-1.0|34x26x10|1|x|leather handbag handmade|kožna torba ručni rad|Ledertasche
420231|6-30|0.08-0.15|14x11x3|1|ex|leather wallet|novčanik kožni|Geldbörse Leder
630260|4-15|0.3-0.6|32x24x6|3|eg|bath towels|peškiri/ručnici|Handtücher
630221|12-45|0.9-1.6|36x28x8|1|eg|bed linen set|posteljina|Bettwäsche
630140|10-35|0.8-1.5|40x32x12|1|eg|fleece blanket|deka/ćebe|Wolldecke
630251|15-60|0.3-0.7|34x26x4|1|x|embroidered tablecloth|vezeni stolnjak|Tischdecke bestickt
570210|40-120|1.2-2.8|60x30x15|1|x|hand woven kilim rug|ćilim ručni rad|Kelim handgewebt
851830|6-80|0.08-0.3|18x14x6|1|e|wireless earphones/bluetooth headphones|slušalice bežične|Kopfhörer Bluetooth
850440|4-25|0.08-0.25|12x8x5|3|e|phone charger 20W/power adapter|punjač za telefon|Ladegerät Handy
854442|1-9|0.03-0.12|16x10x2|5|e|usb cable 2m/type C cable|usb kabl|USB Kabel
392690|1-8|0.03-0.06|18x10x2|4|e|phone case silicone/phone cover|maska za mobitel|Handyhülle
851762|15-90|0.1-0.4|20x16x7|1|e|smart watch/wifi router|pametni sat|WLAN Router
851713|110-420|0.3-0.5|18x12x6|1|e|mobile phone/smartphone 128GB|mobitel|Smartphone
850760|10-35|0.25-0.45|18x10x4|1|e|power bank 10000 mAh|eksterna baterija za mobitel|Powerbank
852351|4-18|0.01-0.03|12x9x1|3|e|usb flash drive 64GB/memory card|usb memorija|USB Stick
853952|1-6|0.04-0.08|12x7x7|8|e|LED bulb E27|led sijalica|LED Lampe E27
940521|10-40|0.5-1.2|35x20x15|1|e|led desk lamp|stona lampa|Schreibtischlampe LED
851671|25-110|1.5-3.2|36x26x26|1|eg|coffee machine|aparat za kafu|Kaffeemaschine
851631|12-45|0.5-0.9|28x24x11|1|e|hair dryer|fen za kosu|Haartrockner
851640|14-45|0.9-1.5|32x17x14|1|e|steam iron|pegla na paru|Dampfbügeleisen
847160|8-50|0.15-0.8|44x16x5|1|e|wireless mouse/keyboard usb|tastatura i miš|Tastatur
847130|240-700|1.4-2.4|44x34x9|1|e|laptop 15 inch|laptop|Notebook
852589|12-50|0.12-0.3|16x12x8|1|e|web camera HD|web kamera|Webcam
851821|12-60|0.3-1.2|24x14x12|1|e|bluetooth speaker|bluetooth zvučnik|Lautsprecher
330499|3-25|0.08-0.25|16x9x6|4|eg|face cream/skin care|krema za lice/kozmetika|Gesichtscreme
330300|12-60|0.2-0.4|15x10x6|1|g|perfume|parfem|Parfüm
330510|2-9|0.3-0.5|22x8x6|3|g|shampoo|šampon|Shampoo
960321|1-6|0.03-0.06|20x6x2|4|eg|toothbrush set|četkica za zube|Zahnbürste
340130|2-8|0.25-0.5|20x8x6|3|g|shower gel|gel za tuširanje|Duschgel
691110|4-18|0.3-0.5|14x12x11|4|egx|porcelain mug/tea cup|šolja/šoljice za kafu|Tasse Porzellan
732393|10-45|0.8-2.0|34x28x10|1|eg|frying pan stainless/cooking pot|šerpa inox/tava|Kochtopf Edelstahl
821599|6-30|0.4-0.9|26x20x5|1|eg|cutlery spoons and forks|kašike i viljuške|Besteck Löffel Gabel
392410|2-14|0.15-0.5|26x20x9|3|e|food storage box/lunch box|posuda za hranu|Brotdose
741810|8-35|0.25-0.7|18x14x10|2|x|copper coffee pot handmade|bakarna džezva|Kupferkännchen
701337|4-18|0.5-1.2|28x20x12|1|eg|drinking glasses|čaše staklene|Trinkgläser
940490|6-25|0.4-0.9|50x40x12|1|eg|pillow|jastuk|Kissen
830241|8-30|0.7-1.6|122x9x6|1|e|curtain rod|garnišna za zavjese|Gardinenstange
660199|5-20|0.35-0.6|92x9x7|1|e|umbrella|kišobran|Regenschirm
491191|4-20|0.1-0.3|62x8x8|1|e|wall poster|poster za zid|Poster
490199|6-40|0.3-0.9|25x18x4|3|egx|book/novel used|knjiga/školske knjige|Buch/Bücher
482010|2-12|0.15-0.4|22x16x2|3|eg|notebook planner|rokovnik|Notizbuch
960810|1-8|0.02-0.1|18x8x2|5|eg|ball pens|hemijske olovke|Kugelschreiber
950300|4-35|0.2-0.9|30x22x10|2|egx|plush toy/building bricks/doll|igračka plišana/lutka|Spielzeug/Puppe
950490|8-35|0.5-1.3|30x30x7|1|eg|board game|društvena igra|Brettspiel
950691|6-30|0.3-1.5|26x18x8|1|e|fitness resistance bands|trake za vježbanje|Fitnessbänder
950662|7-30|0.4-0.6|24x24x12|1|eg|football ball|fudbalska lopta|Fußball
650610|14-50|0.3-0.5|32x24x19|1|e|bicycle helmet|kaciga za bicikl|Fahrradhelm
871495|8-40|0.25-0.5|29x18x9|1|e|bicycle saddle|sjedalo za bicikl|Fahrradsattel
900410|3-35|0.04-0.12|18x9x7|2|eg|sunglasses|naočale za sunce|Sonnenbrille
910211|9-80|0.08-0.2|12x10x8|1|eg|wrist watch|ručni sat|Armbanduhr
711719|1-15|0.02-0.06|12x9x3|5|ex|earrings/bracelet jewelry|narukvica/naušnice|Modeschmuck
442019|4-25|0.15-0.7|20x14x9|2|ex|wooden decoration|drveni ukras|Holzdeko
950510|2-15|0.1-0.4|24x18x8|4|egx|christmas decoration|novogodišnji ukrasi|Weihnachtsdeko
090121|4-12|0.25-1.0|24x12x8|4|gx|ground coffee/coffee|kafa mljevena|Kaffee gemahlen
180690|2-10|0.15-0.5|24x14x4|5|gx|chocolate|čokolada/bombonjera|Schokolade
190531|2-8|0.2-0.6|26x18x6|4|gx|biscuits/cookies|keks/kolači|Kekse
170490|2-9|0.2-0.5|22x16x5|4|gx|sweets candy/turkish delight|bombone/rahat lokum|Süßigkeiten
040900|7-15|0.9-1.1|12x11x16|2|x|honey homemade|med domaći|Honig
071239|8-25|0.1-0.3|24x18x8|2|x|dried mushrooms|suhe gljive/vrganji suhi|Pilze getrocknet
121190|3-10|0.1-0.3|24x16x7|3|gx|herbal tea|čaj od bilja|Kräutertee
441990|8-35|0.4-1.2|38x24x4|1|x|wooden cutting board|daska za rezanje drvena|Schneidebrett Holz
210690|8-35|0.15-0.5|16x9x9|3|eg|vitamins supplement|vitamini|Vitamine
640610|40-140|1.0-4.0|44x34x18|1|bx|shoe uppers leather|gornjišta za obuću|Schuhoberteile
848210|6-60|0.2-1.5|16x14x6|4|b|ball bearing 6204/bearings|ležaj kuglični|Kugellager
401693|1-12|0.02-0.2|18x14x3|10|b|rubber gasket/seal ring NBR|gumena brtva/semering|Dichtung Gummi
842131|8-30|0.3-0.8|30x20x7|2|b|air filter engine|filter zraka za motor|Luftfilter Motor
870830|18-60|1.0-2.4|22x17x9|1|eb|brake pads set|pločice kočione|Bremsbeläge
851220|25-110|0.8-2.6|50x34x26|1|eb|head lamp left car|far lijevi za auto|Scheinwerfer links
851110|4-12|0.05-0.08|12x6x4|6|eb|spark plugs|svjećice za auto|Zündkerzen
848180|10-80|0.3-1.8|20x14x12|2|b|solenoid valve 24V/ball valve brass|ventil elektromagnetni|Magnetventil 24V
401039|5-25|0.1-0.5|30x24x4|3|b|drive belt/timing belt|klinasti remen|Keilriemen
841330|25-110|0.7-2.2|24x18x15|1|eb|water pump engine|pumpa za vodu motor|Wasserpumpe Motor
853690|2-15|0.03-0.2|16x12x5|10|b|terminal connectors|konektori/klemne|Steckverbinder
850151|60-190|4.5-8.5|32x24x22|1|b|electric motor 0.37kW|elektromotor 0,37 kW|Elektromotor
732020|2-14|0.05-0.4|18x12x5|10|b|compression springs for press machine|opruge za presu|Druckfedern Maschine
853650|40-160|0.2-0.7|24x16x9|1|b|inductive proximity sensor|senzor induktivni|Näherungsschalter
845230|3-12|0.02-0.05|12x8x2|10|b|sewing machine needles|igle za šivaću mašinu|Nähmaschinennadeln
540110|3-10|0.2-0.5|20x14x10|6|b|sewing thread polyester|konac za šivanje|Nähgarn
960711|4-20|0.1-0.5|24x18x5|5|b|zip fasteners metal|rajsferšlusi za jakne|Reißverschlüsse
491199|1-5|0.05-0.2|32x24x1|1|d|documents/original papers|dokumenti/diploma original|Dokumente/Unterlagen
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of ordinary goods; value, mass and size are those of one piece."""

    hs_code: str
    eur: tuple[float, float]
    kg: tuple[float, float]
    size: tuple[int, int, int]
    most: int
    where: str
    names: dict[str, tuple[str, ...]]


def _span(text: str) -> tuple[float, float]:
    low, high = text.split("-")
    return float(low), float(high)


def _kind(line: str) -> Kind:
    hs_code, eur, kg, size, most, where, en, bs, de = line.split("|")
    length, width, height = (int(side) for side in size.split("x"))
    names = {language: tuple(words.split("/")) for language, words in (("en", en), ("bs", bs), ("de", de))}
    return Kind(hs_code, _span(eur), _span(kg), (length, width, height), int(most), where, names)


KINDS: tuple[Kind, ...] = tuple(_kind(line) for line in _TABLE.strip().splitlines())
