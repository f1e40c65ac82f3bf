"""Old encodings are told apart by few letters, as short manifests have them."""

from __future__ import annotations

import random

import pytest

from riskscore.formats.letters import guess_letters

SENTENCES = {
    "cp1250": [
        "dječija obuća",
        "šal i rukavice",
        "kožna torba; Željko Primjer; Tešanj",
        "knjiga;Ana Uzorak;Čapljina",
        "majica, ženska",
        "puška za paintball",
        "majica čipka",
        "čaše",
        "odjeća i obuća",
        "igračke",
        "ćebe",
        "Đački ruksak",
        "noćni stolić",
        "rezervni dijelovi, kočnice",
        "tipkovnica i miš",
        "čizme",
        "svijeća",
        "bicikl, dječji",
        "češalj",
        "zaštitna oprema za motocikliste",
        "kuhinjski pribor: žlice, vilice",
        "punjač",
        "kućište za računar",
        "ŽENSKA JAKNA",
        "DJEČIJA ODJEĆA",
        "smeđe cipele",
        "udžbenik iz fizike",
        "srebrni lančić",
        "plišana igračka",
        "auto dijelovi za Škodu",
    ],
    "cp1251": [
        "детска облека",
        "играчке;Београд",
        "чизме за планинарење",
        "Скопје;учебници;2",
        "shoes; Нови Сад",
        "ќебе",
        "љубав",
        "ЧИЗМЕ",
        "резервни делови за автомобил",
        "Тетово, ул. Илинденска 5",
        "детска обувка Nike Air",
        "ДЈЕЧИЈА ОДЈЕЋА",
        "џемпер",
        "Ѓорѓи Пример",
        "ѕвонче",
        "Паун Примеров;USB кабел",
        "ножеви кујнски",
    ],
    "cp1252": [
        "Bücher und Spielzeug",
        "Schuhe, Größe 42",
        "Kinderkleidung für Mädchen",
        "Hörbuch",
        "Fußball",
        "Müller",
        "Straße 5",
        "Glühbirne;Zürich",
        "Käse",
        "Küche",
        "Ersatzteile für Motorrad",
        "Ölfilter",
        "Österreich",
        "Übungsheft",
        "GRÖSSE",
        "Schlüsselanhänger",
        "chaussures d'été",
        "camión de juguete, niño",
        "città",
        "smørrebrød",
    ],
}


@pytest.mark.parametrize(("encoding", "text"), [(e, t) for e, texts in SENTENCES.items() for t in texts])
def test_one_short_line_is_enough(encoding: str, text: str) -> None:
    assert text.encode(encoding).decode(guess_letters(text.encode(encoding))) == text


@pytest.mark.parametrize("encoding", SENTENCES)
def test_several_lines_name_the_encoding(encoding: str) -> None:
    draw = random.Random(encoding)
    wrong = 0
    for _ in range(300):
        text = "\n".join(draw.sample(SENTENCES[encoding], 4))
        wrong += guess_letters(text.encode(encoding)) != encoding
    assert wrong == 0


def test_plain_text_has_no_old_letters() -> None:
    assert guess_letters(b"shoes and books") == "cp1252"


def test_long_ties_go_to_the_statistics() -> None:
    # Every letter here stands the same in both Latin encodings; the answer must still be one of them.
    assert guess_letters("é í ó ú á ".encode("cp1252") * 20) in ("cp1250", "cp1252")
