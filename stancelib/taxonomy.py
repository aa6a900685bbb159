"""The taxonomy: a TOML file that says which topics there are and what a stance is toward -> a checked `Taxonomy`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from stancelib.errors import TaxonomyError
from stancelib.records import HEAD_COLUMNS, TOPIC_COLUMNS

LANGUAGES = ("en", "fa")
#: The stances' names for people, as a topic has its title.
STANCE_TITLES: Mapping[str, Mapping[str, str]] = {
    "favor": {"en": "favor", "fa": "موافق"},
    "against": {"en": "against", "fa": "مخالف"},
    "neutral": {"en": "neutral", "fa": "خنثی"},
}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: its name in files, and its title, description and target in English and Persian."""

    name: str
    title: Mapping[str, str]
    about: Mapping[str, str]
    target: Mapping[str, str]
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """The topics in order; every score column of a model follows it."""

    topics: tuple[Topic, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The topics' names in order."""
        return tuple(topic.name for topic in self.topics)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, as the TOML file had it and the model file keeps it."""
        return {
            "topic": [
                {
                    "name": topic.name,
                    "title": dict(topic.title),
                    "about": dict(topic.about),
                    "target": dict(topic.target),
                    "keywords": list(topic.keywords),
                }
                for topic in self.topics
            ]
        }


def from_dict(data: Mapping[str, Any], where: str) -> Taxonomy:
    """Check plain data and make it a `Taxonomy`.

    Args:
        data: what the TOML file holds.
        where: the file's name, for the errors.

    Raises:
        TaxonomyError: a key is missing, unknown or of the wrong kind; a name stands twice, or the columns of a table would.
    """
    tables = data.get("topic") if isinstance(data, Mapping) else None
    if not isinstance(tables, list) or not tables or set(data) != {"topic"}:
        raise TaxonomyError(f"{where}: a taxonomy is one or more [[topic]] tables and nothing else")
    topics: dict[str, Topic] = {}
    columns = set(HEAD_COLUMNS)
    for number, table in enumerate(tables, 1):
        at = f"{where}: topic {number}"
        if not isinstance(table, Mapping):
            raise TaxonomyError(f"{at} is not a table")
        name = table.get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise TaxonomyError(f"{at}: name must be lower-case letters, digits and _, 40 at most; it is {name!r}")
        if name in topics:
            raise TaxonomyError(f"{at}: the name {name!r} stands twice")
        mine = {f"{name}{suffix}" for suffix, _ in TOPIC_COLUMNS}
        if taken := sorted(mine & columns):
            raise TaxonomyError(f"{at} ({name}): a table would have two columns {taken[0]!r}; choose another name")
        columns |= mine
        if unknown := set(table) - {"name", "title", "about", "target", "keywords"}:
            raise TaxonomyError(
                f"{at} ({name}): unknown key {sorted(unknown)[0]!r}; allowed: name, title, about, target, keywords"
            )
        texts = {}
        for key in ("title", "about", "target"):
            value = table.get(key)
            if (
                not isinstance(value, Mapping)
                or set(value) != set(LANGUAGES)
                or not all(isinstance(v, str) for v in value.values())
            ):
                raise TaxonomyError(f'{at} ({name}): {key} must be {{en = "…", fa = "…"}}')
            texts[key] = dict(value)
        keywords = table.get("keywords", [])
        if not isinstance(keywords, list) or not all(isinstance(word, str) for word in keywords):
            raise TaxonomyError(f"{at} ({name}): keywords must be a list of words")
        topics[name] = Topic(name, texts["title"], texts["about"], texts["target"], tuple(keywords))
    return Taxonomy(tuple(topics.values()))


def parse(toml: str, where: str = "taxonomy") -> Taxonomy:
    """The text of a taxonomy file into a checked `Taxonomy`.

    Raises:
        TaxonomyError: it is not TOML, or breaks the rules of labels/taxonomy.toml.
    """
    try:
        data = tomllib.loads(toml)
    except (ValueError, RecursionError) as error:  # ValueError: not TOML, or a number of thousands of digits
        raise TaxonomyError(f"{where}: not TOML: {error}") from error
    return from_dict(data, where)


def default() -> Taxonomy:
    """The shipped taxonomy: energy, gaza, bilateral_ties."""
    return parse(
        resources.files("stancelib").joinpath("data/taxonomy.toml").read_text(encoding="utf-8"), "taxonomy.toml"
    )
