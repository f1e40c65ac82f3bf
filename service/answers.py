"""The shape of the answers, for OpenAPI and for the tests that hold real answers against it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Band = Literal["clear", "review", "hold"]
Action = Literal[
    "none", "request_information", "licence_check", "desk_review", "screen", "examine", "isolate_and_notify"
]
Actor = Literal["courier", "customs", "licensing_authority", "police"]
Concept = Literal[
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
]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Evidence(_Answer):
    """A field that made a reason fire; the half-open span counts Unicode code points of ``value``."""

    path: str
    value: str | None
    start: int | None
    end: int | None
    concept: Concept | None


class Question(_Answer):
    """An open question and whom to ask."""

    text: str
    to: Literal["sender", "courier", "authority"]


class Reason(_Answer):
    """One line of the ledger."""

    key: str
    kind: Literal["indicator", "feature", "pair", "cap", "other"]
    axis: Literal["illicit", "compliance"]
    group: str
    strength: Literal["weak", "medium", "strong", "definitive", "mitigating"] | None
    points: float
    points_basis: Literal["expert", "learned"]
    version: int | None
    title: str | None
    text: str | None
    evidence: list[Evidence]
    benign_explanation: str | None
    question: Question | None
    action: Action
    action_by: Actor | None
    source: str | None


class Compliance(_Answer):
    """The second axis, with its own exact ledger."""

    score: float
    band: Band
    base_points: float


class Missing(_Answer):
    """A field whose completion would help."""

    path: str
    why: str


class Step(_Answer):
    """One step of the procedure."""

    id: str
    role: str
    text: str
    safety: bool
    confirm: bool


class Counter(_Answer):
    """What a clerk sees in ten seconds."""

    headline: str
    do: list[str]
    do_not: list[str]
    say_to_customer: str
    call: str


class Versions(_Answer):
    """What it takes to compute the assessment again."""

    model: str
    sops: str
    code: str
    basis: Literal["simulated", "mixed", "outcomes"]
    confirmed_finds: int


class Assessment(_Answer):
    """A proposal about a declaration, not a finding about a person."""

    parcel_id: str
    assessed_at: str
    profile: Literal["operator", "authority"]
    as_of: str
    score: float
    band: Band
    illicit_band: Band
    base_points: float
    compliance: Compliance
    action: Action
    action_by: Actor | None
    case_type: Literal["none", "suspected_contraband", "licence_gap", "dangerous_goods", "watchlist", "data_quality"]
    completeness: float
    missing: list[Missing]
    reasons: list[Reason]
    procedure: list[Step]
    counter: Counter
    versions: Versions
    lang: str


class IndicatorText(_Answer):
    """An indicator as the SOP desk wrote it."""

    id: str
    version: int
    title: str
    status: str
    group: str
    axis: str
    strength: str
    points: int
    floor: str
    action: str
    action_by: str | None
    case_type: str
    reason: str
    rationale: str
    benign_explanation: str
    question: Question
    source: str


class IndicatorPoints(_Answer):
    """What an indicator adds when it fires; expert points for a version that the model has not seen."""

    id: str
    version: int
    title: str
    points: float
    points_basis: Literal["expert", "learned"]


class FeatureCurve(_Answer):
    """What the value of a feature adds; ``edges`` are the upper edges of all ``points`` but the last."""

    name: str
    title: str
    direction: Literal[-1, 0, 1]
    edges: list[float]
    points: list[float]
    usual: int
    not_stated: float


class PairTable(_Answer):
    """What two inputs add together: rows are cells of the first, columns of the second, the last "not stated".

    An indicator has two cells: it did not fire, or it fired.
    """

    of: list[str]
    points: list[list[float]]


class AxisPoints(_Answer):
    """All points of one axis."""

    base_points: float
    review: float
    hold: float
    indicators: list[IndicatorPoints]
    features: list[FeatureCurve]
    pairs: list[PairTable]


class AxesPoints(_Answer):
    """The two axes, never blended."""

    illicit: AxisPoints
    compliance: AxisPoints


class CardText(_Answer):
    """What the model says of itself."""

    first_line: str
    limits: list[str]


class CurrentModel(_Answer):
    """The scorecard that answers; its points rank, and ``reading`` says how they may be read."""

    id: str
    date: str | None
    points: Literal["expert", "learned"]
    basis: Literal["simulated", "mixed", "outcomes"]
    confirmed_finds: int
    reading: str
    axes: AxesPoints
    group_caps: dict[str, float]
    weak_cap: float
    medium_cap: float
    mitigating_cap: float
    card: CardText


class FieldError(_Answer):
    """What is wrong with one field."""

    path: str
    message: str


class ProblemDetails(_Answer):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError]


class Health(_Answer):
    """The service is up; with what it would answer."""

    status: Literal["ok"]
    model: str
    sops: str
    code: str
