"""Goods descriptions of any script and spelling → concepts, with spans in the text as typed."""

from __future__ import annotations

import numpy as np
import pytest
from factory import in_cyrillic, manifest, pack_parcels, the_engine
from hypothesis import example, given, settings
from hypothesis import strategies as st

from riskscore.goods_text import COUNTS, UNSETTLED, Hits, read_goods
from riskscore.lexicon import CONCEPTS, NUMBER, WEAPON_CONCEPTS, Lexicon, bit, name_of

LEXICON = the_engine().lexicon
STEERING = (len(CONCEPTS), len(CONCEPTS) + 1)
# Words as people type them, from the files themselves: terms, purpose words, break words.
WORDS = sorted({t.text.strip("=~").replace("|", "").replace("~", "") for t in LEXICON.terms if not t.is_pattern})
STEERS = sorted({t.text for t in LEXICON.terms if t.concept in STEERING})
GLUE = (*"    /;()-.", ", ", "  ", " 9x19 ", " .308 Win ", " 12/70 ", " 30 x 20 cm ", " 4 ")
NOISE = "abčđшпи 0134578@$!|\u200b\u00ad\u0336оіΙ½ﬁ銃총\u3164\U000e0061"
DESCRIPTIONS = [
    *(e.text for e in LEXICON.examples),
    *(i["description"] for _, p in pack_parcels() for i in p.get("items", ()) if i.get("description")),
    *(i["description"] for p in manifest() for i in p.get("items", ()) if i.get("description")),
]


def phrases() -> st.SearchStrategy[str]:
    words = st.one_of(
        st.sampled_from(WORDS), st.sampled_from(STEERS), st.sampled_from(DESCRIPTIONS), st.text(NOISE, max_size=6)
    )
    return st.lists(st.tuples(words, st.sampled_from(GLUE)), max_size=5).map(lambda ps: "".join(w + g for w, g in ps))


# Few words that mask, lower, settle and part each other, in the order of a noun phrase.
SLOTS = (
    ("", "garden", "shoes", "case", "futrola", "book", "toy"),
    ("", "", "and", "i", "und", "with", ",", "'s"),
    ("", "", "for", "za", "about", "per", "od", "für"),
    ("", "pistol", "puška", "slide", "Glock 19", "9x19", "airsoft", "glue gun"),
    ("", "", "", "book", "case", "for", "i", "slide", "gift"),
)
SHORT = st.tuples(*map(st.sampled_from, SLOTS)).map(lambda words: " ".join(w for w in words if w))
TEXTS = st.one_of(phrases(), SHORT, st.text(max_size=30), st.sampled_from(DESCRIPTIONS))
Seen = list[tuple[str, str, int, int, int, int]]


def seen(texts: list[str]) -> list[Seen]:
    """Hits of each text in their order: concept, words, place, status and term."""
    hits = read_goods(texts, LEXICON).hits
    result: list[Seen] = [[] for _ in texts]
    columns = (hits.text, hits.start, hits.end, hits.concept, hits.status, hits.term)
    for text, start, end, concept, status, term in zip(*(c.tolist() for c in columns), strict=True):
        result[text].append((name_of(concept), texts[text][start:end], start, end, status, term))
    return result


def concepts(text: str) -> set[str]:
    mask = int(read_goods([text], LEXICON).concepts[0])
    return {c for c in CONCEPTS if mask >> NUMBER[c] & 1}


def words(text: str, concept: str) -> list[str]:
    """Words of a text that count for a concept, as typed."""
    return [w for c, w, *_, status, _ in seen([text])[0] if c == concept and status == COUNTS]


# -- any text ----------------------------------------------------------------------------------------------------------


@given(st.lists(TEXTS, max_size=5))
def test_every_span_lies_in_its_text(texts: list[str]) -> None:
    goods = read_goods(texts, LEXICON)
    hits = goods.hits
    lengths = np.array([len(t) for t in texts], np.int64)
    assert len(goods.concepts) == len(goods.informative) == len(texts)
    if len(hits.text):
        assert (hits.start >= 0).all()
        assert (hits.start < hits.end).all()
        assert (hits.end <= lengths[hits.text]).all()
    assert (np.diff(hits.text) >= 0).all()
    assert ((hits.by >= -1) & (hits.by < len(hits.by))).all()
    assert (hits.text[hits.by[hits.by >= 0]] == hits.text[hits.by >= 0]).all(), (
        "what lowers a hit stands in the same text"
    )


@settings(max_examples=150)
@given(st.one_of(st.lists(TEXTS, min_size=1, max_size=6), st.lists(SHORT, min_size=2, max_size=3)))
@example(["case for", "garden and for pistol"])
@example(["slide", "Glock 19"])
@example(["p i s", "t o l"])
@example(["", "", "pistol", ""])
@example(["Steel parts", "p1stol"])
def test_a_batch_says_what_each_text_alone_says(texts: list[str]) -> None:
    together = read_goods(texts, LEXICON)
    alone = [read_goods([t], LEXICON) for t in texts]
    assert seen(texts) == [seen([t])[0] for t in texts]
    assert together.concepts.tolist() == [int(g.concepts[0]) for g in alone]
    assert together.informative.tolist() == [int(g.informative[0]) for g in alone]


def test_all_known_descriptions_at_once_say_what_each_says_alone() -> None:
    texts = list(dict.fromkeys(DESCRIPTIONS))[::3]
    assert seen(texts) == [seen([t])[0] for t in texts]


@given(TEXTS)
def test_case_does_not_matter(text: str) -> None:
    if text.isascii():
        assert concepts(text.upper()) == concepts(text.lower())


@pytest.mark.parametrize(
    "text",
    [
        "Kinderbücher",
        "Cipele",
        "ципеле",
        "παπούτσια",
        "किताबें और कपड़े",
        "หนังสือเด็ก",
        "아동용 책",
        "儿童书籍",
        "كتب أطفال",
        "წიგნები",
        "መጽሐፍት",
        "ספרים לילדים",
        "ゲーム",
        "ꆈꌠꁱꂷ",
        "ꦧꦸꦏꦸ",
        "𠀋𠀌𠀍",
    ],
)
def test_a_description_in_any_script_says_something(text: str) -> None:
    goods = read_goods([text], LEXICON)
    assert goods.informative[0] > 0
    assert not goods.concepts[0] & bit(["vague", *WEAPON_CONCEPTS])


@pytest.mark.parametrize("text", ["", " ", "---", "12 345", "\u200b", "🎁🎁", "a b", "…"])
def test_a_description_without_words_says_nothing(text: str) -> None:
    assert read_goods([text], LEXICON).informative[0] == 0


# -- both Serbian scripts ----------------------------------------------------------------------------------------------

# Files of other languages hold transliterations, which nobody writes back into Cyrillic.
HOME_FILES = ("bs.yml", "topics_bs.yml", "en.yml", "topics_en.yml", "calibres.yml", "brands.yml", "world.yml")
ELSEWHERE = {e.text for e in LEXICON.examples if e.file not in HOME_FILES}
SERBIAN = sorted({w for w in DESCRIPTIONS if in_cyrillic(w) != w and w not in ELSEWHERE})


def test_cyrillic_and_latin_spellings_mean_the_same() -> None:
    """Each description that is known to the tests, word for word in both scripts."""
    latin, cyrillic = read_goods(SERBIAN, LEXICON), read_goods([in_cyrillic(t) for t in SERBIAN], LEXICON)
    differ = [t for t, a, b in zip(SERBIAN, latin.concepts, cyrillic.concepts, strict=True) if a != b]
    assert len(SERBIAN) > 200
    assert not differ
    assert latin.informative.tolist() == cyrillic.informative.tolist()


@pytest.mark.parametrize(
    ("latin", "cyrillic", "concept"),
    [
        ("pištolj", "пиштољ", "firearm"),
        ("Lovačka puška", "Ловачка пушка", "firearm"),
        ("cijev za pušku", "цијев за пушку", "firearm_part"),
        ("municija", "муниција", "ammunition"),
        ("vazdušna puška", "ваздушна пушка", "airgun"),
        ("gasni pištolj", "гасни пиштољ", "blank_or_alarm"),
        ("futrola za pištolj", "футрола за пиштољ", "accessory"),
    ],
)
def test_one_word_in_two_scripts(latin: str, cyrillic: str, concept: str) -> None:
    assert concept in concepts(latin)
    assert concepts(latin) == concepts(cyrillic)
    assert "manipulated" not in concepts(cyrillic)


# -- manipulated spellings ---------------------------------------------------------------------------------------------

UNSEEN = list("\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e")
ALSO_UNSEEN = list("\u200e\u200f\u202e\u2066\u034f\u061c\ufe0f\u3164\u1160\uffa0\U000e0061\U000e0100")
TWINS = {"a": "а", "e": "е", "o": "о", "p": "р", "c": "с", "i": "і", "s": "ѕ", "j": "ј", "h": "һ", "d": "ԁ"}
LEET = {"o": "0", "i": "1", "e": "3", "a": "4", "s": "5", "l": "1", "t": "7"}
CLEAN = ["pistol", "revolver", "hunting rifle", "shotgun", "silencer", "suppressor", "ammunition", "airsoft pistol"]


@pytest.mark.parametrize("text", CLEAN)
def test_the_clean_spelling_is_found_and_not_manipulated(text: str) -> None:
    for typed in (text, text.upper(), text.title(), f"New {text}, black"):
        assert concepts(typed) & set(WEAPON_CONCEPTS)
        assert "manipulated" not in concepts(typed)


def assert_manipulated(typed: str, clean: str) -> None:
    """The manipulated spelling is found as what it is, marked, and shown whole."""
    assert concepts(typed) >= concepts(clean) & set(WEAPON_CONCEPTS), (typed, concepts(typed))
    marked = words(typed, "manipulated")
    assert marked, (typed, concepts(typed))
    assert any(len(w) >= len(max(clean.split(), key=len)) - 1 for w in marked), marked


@pytest.mark.parametrize("text", CLEAN)
@pytest.mark.parametrize("unseen", UNSEEN, ids=lambda c: f"U+{ord(c):04X}")
def test_characters_of_no_width(text: str, unseen: str) -> None:
    for place in (1, 2, len(text) - 1):
        if text[place] != " " and text[place - 1] != " ":
            assert_manipulated(text[:place] + unseen + text[place:], text)
    assert_manipulated(unseen.join("pistol"), "pistol")


@pytest.mark.parametrize("unseen", ALSO_UNSEEN, ids=lambda c: f"U+{ord(c):04X}")
def test_other_characters_that_nobody_sees(unseen: str) -> None:
    assert_manipulated(f"pis{unseen}tol", "pistol")


@pytest.mark.parametrize("unseen", [*UNSEEN, *ALSO_UNSEEN], ids=lambda c: f"U+{ord(c):04X}")
def test_an_unseen_character_at_the_edge_hides_nothing(unseen: str) -> None:
    assert "firearm" in concepts(f"{unseen}pistol")
    assert "firearm" in concepts(f"pistol{unseen}")


@pytest.mark.parametrize(
    "mark", list("\u0301\u0336\u0489\u20dd\u0bcd\U0001e000\U00011001"), ids=lambda c: f"U+{ord(c):04X}"
)
def test_a_mark_on_a_letter_hides_nothing(mark: str) -> None:
    for typed in (f"pis{mark}tol", f"pistol{mark}", mark.join("pistol")):
        assert "firearm" in concepts(typed)


@pytest.mark.parametrize("text", CLEAN)
def test_letters_from_another_alphabet(text: str) -> None:
    for letter, twin in TWINS.items():
        if letter in text:
            assert_manipulated(text.replace(letter, twin, 1), text)
    assert_manipulated("Ρistol", "pistol")  # Greek capital rho


@pytest.mark.parametrize("text", ["пиштољ", "пушка", "муниција"])
def test_latin_letters_in_a_cyrillic_word(text: str) -> None:
    for letter, twin in {"о": "o", "а": "a", "у": "y", "т": "t", "к": "k", "м": "m"}.items():
        if letter in text:
            assert_manipulated(text.replace(letter, twin, 1), text)


@pytest.mark.parametrize("text", [t for t in CLEAN if " " not in t])
def test_digits_for_letters(text: str) -> None:
    for letter, digit in LEET.items():
        place = text.find(letter, 1)
        if 0 < place < len(text) - 1:
            assert_manipulated(text[:place] + digit + text[place + 1 :], text)


@pytest.mark.parametrize("typed", ["p1stol", "P1ST0L", "pi$tol", "p!stol", "r3volver", "r1fle", "sh0tgun", "pist0l5"])
def test_known_spellings_with_digits(typed: str) -> None:
    assert "manipulated" in concepts(typed)


@pytest.mark.parametrize("glue", [" ", ".", "-", "_", "  ", " - ", "*", "·"])
@pytest.mark.parametrize("text", [t for t in CLEAN if " " not in t])
def test_letters_written_apart(text: str, glue: str) -> None:
    for typed in (glue.join(text), glue.join(text.upper()), f"new {glue.join(text)}, black"):
        assert_manipulated(typed, text)


def test_styled_letters() -> None:
    for typed in ("𝐩𝐢𝐬𝐭𝐨𝐥", "𝓹𝓲𝓼𝓽𝓸𝓵", "𝕡𝕚𝕤𝕥𝕠𝕝", "ⓟⓘⓢⓣⓞⓛ"):
        assert_manipulated(typed, "pistol")


@pytest.mark.parametrize(
    "text",
    [
        "glue gun",
        "gl\u200bue gun",
        "g l u e g u n",
        "Heißklebepistole 60 W",
        "b00k about pistols",
        "iPhone 13 case",
        "A B C D E",
        "1st aid kit",
        "MP3 player",
        "4x4 tyre",
        "pistachios",
        "3 x 5 x 1 cm",
        "S7 phone",
        "Lego 10255",
        "Mi 11 Lite",
        "USB-C 3.1",
        "L x B x H",
        "T-shirt",
        "в пакете: books",
        "Cap, size S M L X",
        "I AM A B",
        "p1",
        "10 l paint",
        "b0dy cream",
    ],
)
def test_ordinary_text_is_not_manipulated(text: str) -> None:
    assert "manipulated" not in concepts(text)


@given(st.sampled_from(CLEAN), st.data())
def test_any_mixture_of_unseen_characters_and_twins_is_found(text: str, data: st.DataObject) -> None:
    typed = "".join(
        (TWINS[c] if c in TWINS and data.draw(st.booleans()) else c)
        + (data.draw(st.sampled_from(["", *UNSEEN])) if c != " " and n < len(text) - 1 and text[n + 1] != " " else "")
        for n, c in enumerate(text)
    )
    script_only = all(c in TWINS.values() or not c.isalpha() for c in typed.split()[0])
    if typed != text and not script_only and any(c in "lvrngtumf" for c in typed):
        assert concepts(typed) & set(WEAPON_CONCEPTS) >= concepts(text) & set(WEAPON_CONCEPTS)
        assert "manipulated" in concepts(typed)


# -- what the text speaks about ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("Book about hunting rifles", "firearm"),
        ("futrola za pištolj", "firearm"),
        ("Holster for Glock 19", "firearm"),
        ("Glue gun", "firearm"),
        ("Water pistol", "firearm"),
        ("Drawer slides, soft close", "firearm_part"),
    ],
)
def test_what_is_not_the_thing_itself(text: str, never: str) -> None:
    assert never not in concepts(text)


@pytest.mark.parametrize(
    "text",
    [
        "Cover for garden chairs and a pistol",
        "Cover for garden chairs, pistol",
        "Book and pistol",
        "Toys; 1 revolver",
        "Glue gun and pistol",
        "pistol glue gun",
        "pistol\nshoes",
        "shoes\tpistol",
        "Chain for bicycle and revolver",
    ],
)
def test_innocent_company_hides_nothing(text: str) -> None:
    assert "firearm" in concepts(text)


def test_masked_and_lowered_hits_stay_visible_with_what_did_it() -> None:
    hits = read_goods(["Glue gun", "pistol book"], LEXICON).hits
    firearm = np.flatnonzero((hits.concept == NUMBER["firearm"]) & (hits.status != COUNTS))
    assert set(hits.text[firearm].tolist()) == {0, 1}
    assert {name_of(int(hits.concept[by])) for by in hits.by[firearm]} <= {"lookalike", "firearm"}


def test_an_unsettled_word_is_ambiguous() -> None:
    goods = read_goods(["slide", "slide for Glock 19"], LEXICON)
    assert goods.concepts[0] >> NUMBER["ambiguous"] & 1
    assert not goods.concepts[0] >> NUMBER["firearm_part"] & 1
    assert goods.concepts[1] >> NUMBER["firearm_part"] & 1
    assert (goods.hits.status[goods.hits.text == 0] == UNSETTLED).any()


def test_taken_hits_are_the_chosen_rows() -> None:
    hits = read_goods(["Glue gun, pistol"], LEXICON).hits
    some = hits.take(hits.status == COUNTS)
    assert isinstance(some, Hits)
    assert len(some.text) == int((hits.status == COUNTS).sum())
    assert (some.by == -1).all()


def test_no_texts_at_all() -> None:
    goods = read_goods([], LEXICON)
    assert len(goods.concepts) == len(goods.hits.text) == 0


def test_a_lexicon_without_patterns_works() -> None:
    bare = Lexicon(**{n: getattr(LEXICON, n) for n in LEXICON.__slots__ if n != "patterns"})
    assert read_goods(["pistol 9x19"], bare).concepts[0] >> NUMBER["firearm"] & 1
