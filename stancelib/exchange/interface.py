"""A taxonomy -> what the annotators see: Label Studio's labelling interface, doccano's label set."""

from __future__ import annotations

import colorsys
import re
import string
from html import escape
from typing import Any
from xml.etree import ElementTree

from stancelib.exchange.items import NO_TOPIC
from stancelib.exchange.label_studio import STANCE, TOPICS
from stancelib.records import STANCES
from stancelib.taxonomy import STANCE_TITLES, Taxonomy

_NOTHING = "هیچ‌کدام"
_STYLE = "\n.lsf-main-view, .htx-text { direction: rtl; text-align: right; }\n.htx-text { font-size: 1.2em; line-height: 2; }\n"
# What XML 1.0 can't hold, not even escaped.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def label_studio(taxonomy: Taxonomy) -> bytes:
    """The labelling interface as XML, right to left: which topics, then for each one chosen its stance.

    Choices are stored by the names in the taxonomy and shown by the titles in Persian.
    """
    view = ElementTree.Element("View", style="direction: rtl; text-align: right")
    ElementTree.SubElement(view, "Style").text = _STYLE
    _add(view, "Text", name="text", value="$text")
    _add(view, "Header", value="این پاراگراف درباره کدام موضوع‌هاست؟", size="4")
    topics = _add(view, "Choices", name=TOPICS, toName="text", choice="multiple", required="true", showInline="true")
    for topic in taxonomy.topics:
        _add(topics, "Choice", value=topic.name, html=escape(topic.title["fa"]), hint=topic.about["fa"])
    _add(topics, "Choice", value=NO_TOPIC, html=_NOTHING)
    for topic in taxonomy.topics:
        # On both: the view hides the heading, and what is hidden itself is not required.
        when = {"visibleWhen": "choice-selected", "whenTagName": TOPICS, "whenChoiceValue": topic.name}
        box = _add(view, "View", **when)
        _add(box, "Header", value=f"{topic.title['fa']}: موضع گوینده نسبت به {topic.target['fa']}", size="5")
        name = f"{STANCE}{topic.name}"
        stances = _add(
            box, "Choices", name=name, toName="text", choice="single", required="true", showInline="true", **when
        )
        for stance in STANCES:
            _add(stances, "Choice", value=stance, html=STANCE_TITLES[stance]["fa"])
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode").encode() + b"\n"


def _add(parent: ElementTree.Element, tag: str, **attributes: str) -> ElementTree.Element:
    clean = {name: _NO_XML.sub(" ", value) for name, value in attributes.items()}
    return ElementTree.SubElement(parent, tag, clean)


def doccano(taxonomy: Taxonomy) -> list[dict[str, Any]]:
    """The label set as doccano imports it: a hue a topic, a shade a stance, keys as long as there are some.

    >>> from stancelib import taxonomy
    >>> [label["text"] for label in doccano(taxonomy.default())][:2]
    ['energy:favor', 'energy:against']
    """
    names = [f"{topic.name}:{stance}" for topic in taxonomy.topics for stance in STANCES]
    count = len(taxonomy.topics)
    colours = [_colour(k / count, shade) for k in range(count) for shade in (0.30, 0.42, 0.86)]
    keys = [*string.digits[1:], *string.ascii_lowercase]
    found = [
        {"text": NO_TOPIC, "suffix_key": "0", "background_color": "#59636e", "text_color": "#ffffff"},
    ]
    return [
        {
            "text": name,
            "suffix_key": keys[n] if n < len(keys) else None,
            "background_color": colour,
            "text_color": "#000000" if n % len(STANCES) == 2 else "#ffffff",
        }
        for n, (name, colour) in enumerate(zip(names, colours, strict=True))
    ] + found


def _colour(hue: float, lightness: float) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in colorsys.hls_to_rgb(hue, lightness, 0.65))
