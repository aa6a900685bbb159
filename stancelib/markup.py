"""HTML that is escaped by construction: text becomes markup in one place only."""

from __future__ import annotations

import html
import json
from typing import Any

#: Characters that a browser drops, refuses or turns into others, each as one that it keeps: offsets into a text stay true.
_KEPT = str.maketrans(
    dict.fromkeys((*range(32), *range(127, 160), *range(55296, 57344), 65534, 65535), "�")
    | {"\t": "\t", "\n": "\n", "\r": " "}
)
_VOID = {"meta", "input", "br", "link"}


class Markup(str):
    """A string that is HTML already."""

    __slots__ = ()


def escaped(text: str) -> Markup:
    """Text of unknown origin as HTML, character for character.

    >>> escaped("<نفت>\\x00")
    '&lt;نفت&gt;\ufffd'
    """
    return text if isinstance(text, Markup) else Markup(html.escape(text.translate(_KEPT)))


def together(*parts: str | None) -> Markup:
    """Parts in a row; those that are not markup are escaped, ``None`` is nothing."""
    return Markup("".join([escaped(part) for part in parts if part is not None]))


def tag(name: str, /, *children: str | None, **attributes: str | int | bool | None) -> Markup:
    """An element.

    Args:
        name: as HTML has it.
        children: markup as it is, other text escaped, ``None`` left out.
        attributes: ``class_`` is class, ``data_x`` is data-x; ``True`` is an attribute without a value, ``None`` and
            ``False`` are none.

    >>> print(tag("b", "نفت & گاز", class_="x", hidden=True, title='"'))
    <b class="x" hidden title="&quot;">نفت &amp; گاز</b>
    """
    shown = []
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        key = key.rstrip("_").replace("_", "-")
        shown.append(f" {key}" if value is True else f' {key}="{escaped(str(value))}"')
    start = f"<{name}{''.join(shown)}>"
    return Markup(start if name in _VOID else f"{start}{together(*children)}</{name}>")


_DIGITS = str.maketrans("0123456789.,-", "۰۱۲۳۴۵۶۷۸۹٫٬\u2212")


def number(value: float, places: int = 0) -> Markup:
    """A number in Persian digits; ``data-n`` has it for a script that writes it in others.

    >>> print(number(0.934, 2))
    <span data-n="0.93">۰٫۹۳</span>
    """
    return tag("span", f"{value:,.{places}f}".translate(_DIGITS), data_n=f"{value:.{places}f}")


def data(value: Any, **attributes: str) -> Markup:
    """Plain data as JSON in a script element, where nothing in it can end the element."""
    encoded = json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_KEPT)
    for character in "<>&\u2028\u2029":
        encoded = encoded.replace(character, f"\\u{ord(character):04x}")
    return tag("script", Markup(encoded), type="application/json", **attributes)
