"""Counts of stances as tables whose rows are bars: figures first, so that nothing is told by colour or by a picture alone."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from stancelib.markup import Markup, number, tag
from stancelib.records import LabelledParagraph

#: Rows of a chart; what is left is counted together.
ROWS = 15

Counts = Counter[str]


def stances_by(
    articles: Iterable[Sequence[LabelledParagraph]], topic: str, group: Callable[[LabelledParagraph], str | None]
) -> dict[str, Counts]:
    """How often each stance was found in each group.

    Args:
        articles: labelled paragraphs.
        topic: of this topic.
        group: which group a paragraph is in; ``None`` leaves it out.

    >>> from stancelib.records import Label
    >>> labels = (Label("energy", 0.9, "favor", 0.8),)
    >>> article = [LabelledParagraph("a", 1, "body", "نفت", labels, {"energy": 0.9})]
    >>> stances_by([article], "energy", lambda paragraph: paragraph.doc)
    {'a': Counter({'favor': 1})}
    """
    found: dict[str, Counts] = {}
    for article in articles:
        for paragraph in article:
            for label in paragraph.labels:
                if label.topic == topic and (name := group(paragraph)) is not None:
                    found.setdefault(name, Counter())[label.stance or "unsure"] += 1
    return found


# ISO 8601, and what calendars in Iran write: 1403/2/12, in any digits.
_DATE = re.compile(r"(\d{4})[-/.](\d\d?)(?:[-/.](\d\d?))?(?!\d)")


def period_of(dates: Iterable[str]) -> Callable[[str], str]:
    """How to shorten dates so that a chart has a row for each: to days, months or years; other text is left as it is.

    >>> [period_of([])(date) for date in ("2024-05-01T10:00:00Z", "۱۴۰۳/۲/۱۲", "May 1, 2024")]
    ['2024-05-01', '1403-02-12', 'May 1, 2024']
    """
    every = set(dates)
    for length in (3, 2):
        if len({_cut(date, length) for date in every}) <= ROWS:
            return functools.partial(_cut, length=length)
    return functools.partial(_cut, length=1)


def _cut(date: str, length: int) -> str:
    found = _DATE.match(date)
    return "-".join(f"{int(part):02}" for part in found.groups()[:length] if part) if found else date


def bars(
    caption: Markup,
    group: Markup,
    bar: Markup,
    stances: Mapping[str, Markup],
    rows: Mapping[str, Counts],
    name: Callable[[str], Markup],
    others: Markup,
) -> Markup:
    """A table with a row a group: its name, a bar with a part for each stance, and the counts.

    Args:
        caption: of the table.
        group, bar: the names of the first two columns.
        stances: the names of the other columns; "unsure" gets one only where there are any.
        rows: group -> counts, in the order of the rows.
        name: how a group is shown.
        others: the name of the last row, which has all groups after the first ``ROWS`` and no bar.
    """
    kinds = [kind for kind in stances if kind != "unsure" or any(counts[kind] for counts in rows.values())]
    most = max([1, *(counts.total() for counts in rows.values())])
    every = list(rows.items())
    body = [_row(name(key), _bar(counts, kinds, most), counts, kinds) for key, counts in every[:ROWS]]
    if rest := [counts for _, counts in every[ROWS:]]:
        body.append(_row(others, None, sum(rest, Counter()), kinds))
    head = [tag("th", title, scope="col") for title in (group, bar, *(stances[kind] for kind in kinds))]
    return tag("table", tag("caption", caption), tag("thead", tag("tr", *head)), tag("tbody", *body), class_="bars")


def _row(name: Markup, bar: Markup | None, counts: Counts, kinds: Sequence[str]) -> Markup:
    cells = [tag("td", number(counts[kind]) if counts[kind] else "–") for kind in kinds]
    return tag("tr", tag("th", name, scope="row"), tag("td", bar, class_="drawn"), *cells)


def _bar(counts: Counts, kinds: Sequence[str], most: int) -> Markup:
    parts, start = [], 0.0
    for kind in kinds:
        if size := 100 * counts[kind] / most:
            parts.append(tag("rect", x=f"{start:.2f}", y=0, width=f"{size:.2f}", height=10, class_=f"bar {kind}"))
            start += size
    return tag("svg", *parts, viewBox="0 0 100 10", preserveAspectRatio="none", aria_hidden="true", focusable="false")
