"""What goes in and comes out of the API, as its OpenAPI document describes it."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag
from pydantic.json_schema import SkipJsonSchema

#: The most that one request may hold; `guard` bounds its bytes.
CHARACTERS, PARAGRAPHS = 100_000, 1000

_ARTICLE = "دیدار دو وزیر\n\nوزیر نفت گفت صادرات گاز به کشور همسایه افزایش یافت."
_PARAGRAPH = "وزیر نفت گفت صادرات گاز به کشور همسایه افزایش یافت."
_SURROGATE = re.compile("[\ud800-\udfff]")


def _whole(value: Any) -> Any:
    """Halves of surrogate pairs, as a cut emoji leaves them, become U+FFFD: places in the text stay true."""
    return _SURROGATE.sub("\ufffd", value) if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_whole), Field(max_length=CHARACTERS)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    threshold: Probability | None = Field(
        None, description="A topic is there from this probability on, instead of the model's own thresholds."
    )
    stance_threshold: Probability | None = Field(
        None,
        description="A stance is given from this probability on; a label under it has none (null), and the reason.",
    )
    explain: bool = Field(False, description="Whether each paragraph comes with the votes of its words.")


class Article(_Asked):
    """An article; it is split into paragraphs as `stancelib label` does it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": _ARTICLE, "explain": True}]})
    text: Text = Field(description=f"At most {CHARACTERS:,} characters and {PARAGRAPHS:,} paragraphs.")


class Paragraphs(_Asked):
    """Paragraphs; each is labelled as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"paragraphs": [_PARAGRAPH], "threshold": 0.5}]})
    paragraphs: list[Text] = Field(
        max_length=PARAGRAPHS, description=f"At most {PARAGRAPHS:,}, of at most {CHARACTERS:,} characters each."
    )


def _which(value: Any) -> str:
    return "paragraphs" if isinstance(value, dict) and "paragraphs" in value else "text"


Asked = Annotated[
    Annotated[Article, Tag("text")] | Annotated[Paragraphs, Tag("paragraphs")],
    Discriminator(_which),
]


class Pasted(BaseModel):
    """What the page sends."""

    model_config = ConfigDict(extra="forbid", strict=True)
    text: Text


class Label(BaseModel):
    """A topic that was found, and the stance toward its target."""

    topic: str = Field(description="Its name in the taxonomy.")
    score: Probability = Field(description="Calibrated probability of the topic.")
    stance: Literal["favor", "against", "neutral"] | None = Field(description="null where none is sure enough.")
    stance_score: Probability = Field(description="Probability of the likeliest stance, given the topic.")
    reason: str | SkipJsonSchema[None] = Field(None, description="Why there is no stance; only where there is none.")


class Unit(BaseModel):
    """What one word, pair of words or fact about the paragraph says."""

    unit: str = Field(description="As the model knows it; with @ it is a fact: @state, @length=40, …")
    spans: list[tuple[int, int]] = Field(
        description="(start, end) of each place where it stands, in Unicode characters of `text`; none for a fact."
    )
    votes: list[float] = Field(description="Its share of each score, in the order of `labels`.")


class Explanation(BaseModel):
    """The scores of a paragraph taken apart: `bias` and all `votes` add up to `scores`."""

    labels: list[str] = Field(description="Names of the scores: a topic, or topic:stance.")
    bias: list[float] = Field(description="What each score is before a word is read.")
    units: list[Unit]
    scores: list[float] = Field(description="Decision values, before calibration.")


class Paragraph(BaseModel):
    """The object that `stancelib label --format jsonl` writes."""

    doc: str = Field(description="Empty here.")
    par: int = Field(ge=1, description="Counts from 1.")
    kind: Literal["headline", "body"]
    text: str
    labels: list[Label]
    scores: dict[str, Probability] = Field(description="The probability of every topic.")
    explanation: Explanation | SkipJsonSchema[None] = Field(None, description="Only where it was asked for.")


class Labelled(BaseModel):
    """The paragraphs in order."""

    paragraphs: list[Paragraph]


class Topic(BaseModel):
    """A topic; titles and descriptions by language, en and fa."""

    name: str
    title: dict[str, str]
    about: dict[str, str] = Field(description="When a paragraph has it.")
    target: dict[str, str] = Field(description="What favor, against and neutral are toward.")
    keywords: list[str]


class Most(BaseModel):
    """The limits of one request."""

    bytes: int
    characters: int = Field(description="Of a text, or of each paragraph.")
    paragraphs: int


class About(BaseModel):
    """The model behind the labels."""

    version: str = Field(description="Of stancelib.")
    sha256: str = Field(description="Of the model file.")
    topics: list[Topic]
    thresholds: dict[str, Probability] = Field(description="The probability from which on each topic is there.")
    limits: Most


class Health(BaseModel):
    """The server answers."""

    status: Literal["ok"]


class Problem(BaseModel):
    """Why a request was not answered."""

    detail: str
