"""Labelled articles -> one self-contained HTML page: labels, the votes behind them, charts and a filter. No network.

The page is Persian and right to left; a switch turns what is not article text into English. Everything but the shading
of words works without scripts.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from stancelib import charts
from stancelib.explain import Explanation
from stancelib.markup import Markup, data, number, tag, together
from stancelib.model import StanceModel
from stancelib.records import STANCES, Label, LabelledParagraph
from stancelib.taxonomy import STANCE_TITLES, Taxonomy

#: The sign of each stance, beside its name and its colour.
SIGNS: Mapping[str, str] = {"favor": "▲", "against": "▼", "neutral": "■", "unsure": "?"}
#: Votes under this are counted together; they are as many as all others and change nothing to the eye.
SMALL = 0.02
_LANGUAGE = "fa"  # the page's until its reader switches


@functools.cache
def _words() -> dict[str, dict[str, str]]:
    return tomllib.loads(_file("report.toml")) | {stance: dict(title) for stance, title in STANCE_TITLES.items()}


def _file(name: str) -> str:
    return resources.files("stancelib").joinpath("data", name).read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Article:
    """An article of the report.

    Args:
        paragraphs: its labelled paragraphs, at least one.
        explanations: the explanation of each; ``None`` where the votes are not to be shown.
        threshold: a probability by which topics were found instead of the model's thresholds on the score.
    """

    paragraphs: Sequence[LabelledParagraph]
    explanations: Sequence[Explanation | None]
    threshold: float | None = None


def explained(model: StanceModel, paragraphs: Sequence[LabelledParagraph], threshold: float | None = None) -> Article:
    """An article with the votes of every paragraph that has a label; ``threshold`` as it was labelled with."""
    why = iter(model.explain([p.text for p in paragraphs if p.labels]))
    return Article(paragraphs, [next(why) if p.labels else None for p in paragraphs], threshold)


def page(articles: Sequence[Article], model: StanceModel, about: str = "") -> str:
    """The whole report.

    Args:
        articles: in the order in which they are shown; those without paragraphs are left out.
        model: whose labels they are.
        about: what made it, a line of plain text for the foot of the page.

    Returns:
        An HTML document that needs no other file.

    >>> import stancelib
    >>> model = stancelib.load()
    >>> html = page([explained(model, model.label("صادرات نفت ایران افزایش یافت."))], model)
    >>> "▲" in html or "■" in html
    True
    """
    articles = [article for article in articles if article.paragraphs]
    body = together(_top(articles), _charts(articles, model.taxonomy), section(articles, model))
    return document(body, model.taxonomy, said("made"), " ", about)


def fragment(article: Article, model: StanceModel) -> Markup:
    """What a page shows of one article: its counts, its stances by topic, its paragraphs."""
    paragraphs = section([article], model, filtered=False)
    if not article.paragraphs:
        return paragraphs
    return together(_top([article]), _charts([article], model.taxonomy), paragraphs)


def policy(asks: bool = False) -> str:
    """What a page may do: have its own style and script, and nothing else.

    Args:
        asks: whether its script may ask the server that it came from.
    """
    asked = "'self'" if asks else "'none'"
    return (
        f"default-src 'none'; style-src '{_digest(_file('report.css'))}'; script-src '{_digest(_file('report.js'))}'; "
        f"connect-src {asked}; base-uri 'none'; form-action 'none'"
    )


def document(main: Markup, taxonomy: Taxonomy, *foot: str, asks: bool = False, title: str = "title") -> str:
    """A page around some content, with the style, the script and the words of both languages.

    Args:
        main: the content; it has an element with the id ``paragraphs``.
        taxonomy: whose titles the script must know.
        foot: the last line.
        asks: whether its script may ask the server that it came from.
        title: the key of its title among the words.
    """
    words = _words() | {f"topic.{topic.name}": dict(topic.title) for topic in taxonomy.topics}
    words |= {f"target.{topic.name}": dict(topic.target) for topic in taxonomy.topics}
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy(asks)),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", _words()[title][_LANGUAGE], data_k=title),
        tag("style", Markup(_file("report.css"))),
    )
    body = tag(
        "body",
        tag("a", said("skip"), href="#paragraphs", class_="skip"),
        tag(
            "header",
            tag("h1", said(title)),
            tag("button", said("language"), type="button", id="language", lang="en"),
        ),
        tag("main", main),
        tag("footer", tag("p", *foot)),
        tag("div", role="tooltip", id="tip", hidden=True),
        data(words, id="words"),
        tag("script", Markup(_file("report.js"))),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='fa', dir='rtl')}\n"


def _digest(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


def said(key: str) -> Markup:
    """Words of the page, which the script turns into the other language."""
    return tag("span", _words()[key][_LANGUAGE], data_k=key)


def _topic(taxonomy: Taxonomy, name: str) -> Markup:
    title = next(topic.title for topic in taxonomy.topics if topic.name == name)
    return tag("span", title[_LANGUAGE], data_k=f"topic.{name}")


def _top(articles: Sequence[Article]) -> Markup:
    paragraphs = [paragraph for article in articles for paragraph in article.paragraphs]
    labelled = sum(bool(paragraph.labels) for paragraph in paragraphs)
    counts = [(len(paragraphs), "paragraphs"), (labelled, "labelled")]
    if len(articles) != 1:
        counts.insert(0, (len(articles), "articles"))
    return tag("ul", *[tag("li", tag("b", number(n)), " ", said(key)) for n, key in counts], class_="counts")


def _charts(articles: Sequence[Article], taxonomy: Taxonomy) -> Markup:
    every = [article.paragraphs for article in articles]
    stances = {
        stance: together(tag("span", sign, class_=f"key {stance}", aria_hidden="true"), " ", said(stance))
        for stance, sign in SIGNS.items()
    }

    def chart(
        caption: Markup, group: str, rows: Mapping[str, charts.Counts], name: Callable[[str], Markup] = _isolated
    ) -> Markup:
        drawn = charts.bars(caption, said(group), said("count"), stances, rows, name, said("others"))
        return tag("div", drawn, class_="chart")

    totals = {
        topic: sum(charts.stances_by(every, topic, lambda _: "").values(), charts.Counts()) for topic in taxonomy.names
    }
    found = [chart(said("by_topic"), "topic", totals, functools.partial(_topic, taxonomy))]
    period = charts.period_of(p[0].date for p in every if p[0].date)
    groups: list[tuple[str, str, Callable[[LabelledParagraph], str | None]]] = [
        ("by_date", "date", lambda p: period(p.date) if p.date else None),
        ("by_outlet", "outlet", lambda p: p.outlet),
    ]
    for title, group, of in groups:
        for topic in taxonomy.names:
            if rows := charts.stances_by(every, topic, of):
                caption = together(_topic(taxonomy, topic), " ", said(title))
                found.append(chart(caption, group, dict(sorted(rows.items())) if group == "date" else _largest(rows)))
    if len(every) > 1:
        names = {f"a{n}": _name(p[0]) for n, p in enumerate(every, 1)}  # two articles may have the same
        linked = functools.partial(_link, names)
        by_article = [
            chart(_topic(taxonomy, topic), "article", _largest(rows), linked)
            for topic in taxonomy.names
            if (rows := _by_article(every, topic))
        ]
        found.append(tag("details", tag("summary", said("by_article")), *by_article, class_="chart"))
    if len(found) == 1:  # its caption says what it is
        return tag("div", *found, class_="charts")
    return tag("section", tag("h2", said("charts"), id="charts"), *found, class_="charts", aria_labelledby="charts")


def _isolated(name: str) -> Markup:
    return tag("bdi", name)


def _link(names: Mapping[str, str], anchor: str) -> Markup:
    return tag("a", tag("bdi", names[anchor]), href=f"#{anchor}")


def _by_article(every: Sequence[Sequence[LabelledParagraph]], topic: str) -> dict[str, charts.Counts]:
    counted = ((n, charts.stances_by([article], topic, lambda _: "")) for n, article in enumerate(every, 1))
    return {f"a{n}": found[""] for n, found in counted if found}


def _largest(rows: Mapping[str, charts.Counts]) -> dict[str, charts.Counts]:
    """Those with as many stay in the order of the articles."""
    return dict(sorted(rows.items(), key=lambda row: -row[1].total()))


def _name(paragraph: LabelledParagraph) -> str:
    """What an article is called."""
    if paragraph.title:
        return paragraph.title
    return paragraph.doc if paragraph.id is None else f"{paragraph.doc} {paragraph.id}"


def section(articles: Sequence[Article], model: StanceModel, filtered: bool = True) -> Markup:
    """The filter (or none) and the articles with their paragraphs, and the votes as data."""
    votes: dict[str, Any] = {}
    shown = [_article(n, article, model, votes) for n, article in enumerate(articles, 1)]
    outlets = sorted({p.outlet for article in articles for p in article.paragraphs[:1] if p.outlet})
    return tag(
        "section",
        _filter(model.taxonomy, outlets) if filtered else None,
        tag("p", said("legend"), class_="legend"),
        *shown,
        tag("p", said("nothing"), class_="nothing", hidden=True),
        data(votes, class_="votes"),
        id="paragraphs",
        tabindex="-1",
    )


def _filter(taxonomy: Taxonomy, outlets: Sequence[str]) -> Markup:
    def choice(key: str, options: Iterable[tuple[str, Markup | str, str | None]]) -> Markup:
        every = [tag("option", _words()["all"][_LANGUAGE], value="", data_k="all")]
        every += [tag("option", name, value=value, data_k=word) for value, name, word in options]
        return tag("label", said(key), " ", tag("select", *every, name=key))

    topics = [(t.name, t.title[_LANGUAGE], f"topic.{t.name}") for t in taxonomy.topics]
    stances = [(s, _words()[s][_LANGUAGE], s) for s in (*STANCES, "unsure")]
    return tag(
        "form",
        tag("h2", said("filter")),
        tag("label", said("search"), " ", tag("input", type="search", name="search", dir="auto")),
        choice("topic", topics),
        choice("stance", stances),
        choice("outlet", [(name, name, None) for name in outlets]) if outlets else None,
        tag("label", tag("input", type="checkbox", name="only"), " ", said("only")),
        tag("p", tag("b", "", id="shown"), " ", said("shown"), role="status", class_="status", hidden=True),
        class_="filter",
        role="search",
    )


def _article(n: int, article: Article, model: StanceModel, votes: dict[str, Any]) -> Markup:
    first = article.paragraphs[0]
    about = [tag("bdi", first.outlet)] if first.outlet else []
    if first.date:
        about.append(tag("time", first.date, datetime=first.date, dir="ltr"))
    parts = []
    for paragraph, why in zip(article.paragraphs, article.explanations, strict=True):
        name = f"a{n}-{paragraph.par}"
        if why is not None:
            votes[name] = _votes(paragraph, why, model, article.threshold)
        parts.append(_paragraph(name, paragraph, model.taxonomy, why is not None))
    return tag(
        "article",
        tag("h3", tag("bdi", _name(first))) if _name(first) else None,
        tag("p", *_between(about, " · "), class_="about") if about else None,
        *parts,
        id=f"a{n}",
        data_outlet=first.outlet,
        aria_label=_name(first)[:100] or None,
    )


def _between(parts: Sequence[Markup], mark: str) -> Iterator[str]:
    for n, part in enumerate(parts):
        if n:
            yield mark
        yield part


def _paragraph(name: str, paragraph: LabelledParagraph, taxonomy: Taxonomy, why: bool) -> Markup:
    labels = [tag("li", *_label(label, taxonomy, 2 * k, why)) for k, label in enumerate(paragraph.labels)]
    return tag(
        "div",
        tag("ul", *(labels or [tag("li", tag("span", said("none"), class_="chip none"))]), class_="labels"),
        tag("p", paragraph.text, class_=f"text {paragraph.kind}", lang="fa", dir="rtl"),
        tag("details", tag("summary", said("why"))) if why else None,
        class_="par",
        id=name,
        data_l=" ".join(f"{label.topic}:{label.stance or 'unsure'}" for label in paragraph.labels) or None,
    )


def _label(label: Label, taxonomy: Taxonomy, mode: int, why: bool) -> Iterator[Markup]:
    """Two chips, the topic and the stance; with votes they are buttons that choose which votes shade the words."""
    stance = label.stance or "unsure"
    topic = together(_topic(taxonomy, label.topic), " ", number(label.score, 2))
    given = together(
        tag("span", SIGNS[stance], aria_hidden="true"), " ", said(stance), " ", number(label.stance_score, 2)
    )
    if not why:
        yield tag("span", topic, class_="chip")
        yield tag("span", given, class_=f"chip {stance}", title=label.reason)
        return
    yield tag("button", topic, type="button", class_="chip", data_m=mode, aria_pressed="false")
    yield tag(
        "button",
        given,
        type="button",
        class_=f"chip {stance}",
        data_m=mode + 1,
        aria_pressed="false",
        title=label.reason,
    )


def _votes(
    paragraph: LabelledParagraph, why: Explanation, model: StanceModel, threshold: float | None
) -> dict[str, Any]:
    """The votes of a paragraph as the script reads them: for each label those for the topic, then those for its stance
    rather than the next likely one, in thousandths, and the score that a topic needed, if it was by its score that it was
    found. Places are counted as JavaScript counts, in UTF-16."""
    modes: list[tuple[str, str | None]] = []
    needed: list[int | None] = []
    for label in paragraph.labels:
        given, other, *_ = why.stances(label.topic)
        modes += [(label.topic, None), (given, other)]
        score = model.threshold[model.taxonomy.names.index(label.topic)]
        needed += [round(1000 * float(score)) if threshold is None else None, None]
    pulls = [{unit.unit: vote for unit, vote in why.pulls(*mode)} for mode in modes]
    units, small = [], [0.0] * len(modes)
    place = _utf16(why.text)
    for unit in why.units:
        votes = [pull[unit.unit] for pull in pulls]
        if max(map(abs, votes)) < SMALL:
            small = [a + b for a, b in zip(small, votes, strict=True)]
        else:
            spans = [[place(start), place(end)] for start, end in unit.spans]
            # The text has the name of a word; not that of a fact, and of no word where its places are unknown.
            units.append([unit.unit if "@" in unit.unit or not spans else 0, spans, _thousandths(votes)])
    return {
        "modes": [[first, second] for first, second in modes],
        "bias": _thousandths(why.base(*mode) for mode in modes),
        "small": _thousandths(small),
        "needed": needed,
        "units": units,
    }


def _thousandths(values: Iterable[float]) -> list[int]:
    return [round(1000 * value) for value in values]


def _utf16(text: str) -> Callable[[int], int]:
    """From places in characters to places in UTF-16 units."""
    if text.isascii() or max(text) <= "\uffff":
        return lambda place: place
    ends = [0]
    for character in text:
        ends.append(ends[-1] + 1 + (character > "\uffff"))
    return ends.__getitem__
