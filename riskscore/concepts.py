"""What a goods description can speak of: concepts (the contract's list), topics, and the words that only steer."""

from __future__ import annotations

from collections.abc import Iterable

CONCEPTS: tuple[str, ...] = (
    "firearm",
    "firearm_part",
    "ammunition",
    "ammunition_component",
    "suppressor",
    "conversion_device",
    "blank_or_alarm",
    "airgun",
    "airsoft",
    "accessory",
    "optics",
    "brand",
    "calibre",
    "ambiguous",
    "context",
    "lookalike",
    "vague",
    "defensive",
    "manipulated",
)
NUMBER = {name: i for i, name in enumerate(CONCEPTS)}
WEAPON_CONCEPTS = (*CONCEPTS[: CONCEPTS.index("accessory")], "brand", "calibre")
CUES = (*WEAPON_CONCEPTS[: WEAPON_CONCEPTS.index("airsoft") + 1], "brand", "calibre", "context")
PURPOSE, BREAK_WORD = len(CONCEPTS), len(CONCEPTS) + 1  # internal: words that steer, not concepts
# Words that say more about the goods than the concepts do; an indicator asks for them with `says`.
TOPICS: tuple[str, ...] = (
    "metal",
    "deactivated",
    "claimed_inert",
    "semi_finished",
    "personal_effects",
    "irritant",
    "powder_tool",
    "signal_tool",
    "ordnance",
    "long_goods",
    "reloading_tool",
    "flobert",
    "printed",
    "frame_kit",
    "prop",
    "antique_claim",
    "modern_model",
    "gas_powered",
    "essential_part",
    "fastener",
    "toy_gun",
    "restricted_optics",
    "sport_club",
    "noun_clothing",
    "noun_footwear",
    "noun_linen",
    "noun_print",
    "noun_food",
    "noun_cosmetic",
    "noun_device",
    "licence_denied",
)
FIRST_TOPIC = BREAK_WORD + 1
TOPIC_NUMBER = {name: FIRST_TOPIC + i for i, name in enumerate(TOPICS)}
SCOPES = ("phrase", "segment", "head")


def bit(names: Iterable[str]) -> int:
    """A set of concepts or topics as a bit mask."""
    return sum(1 << (NUMBER[name] if name in NUMBER else TOPIC_NUMBER[name]) for name in set(names))


def name_of(number: int) -> str:
    """Name of a concept or topic."""
    return CONCEPTS[number] if number < PURPOSE else TOPICS[number - FIRST_TOPIC]
