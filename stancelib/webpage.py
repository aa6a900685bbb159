"""A saved web page -> the article in it, with title, date and outlet. Needs trafilatura, which opens no connection here."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

from stancelib import text
from stancelib.articles import decode
from stancelib.errors import InputError, MissingExtraError
from stancelib.rows import METADATA_LENGTH

#: A page with more elements than this is refused: the longest news pages have a third, and each costs time.
MOST_ELEMENTS = 20_000

#: The parser takes quadratic time for the attributes of one tag. No real tag has a tenth of the first, no page the second.
MOST_ATTRIBUTES, MOST_ATTRIBUTES_IN_ALL = 500, 100_000

#: An attribute or a script that is longer is an image or a program written into the page, nothing that says whose it is.
_LONGEST_VALUE, _LONGEST_SCRIPT = 10_000, 1_000_000

# As an HTML tokenizer sees a tag: a quoted value may hold anything. Possessive, so that it takes linear time.
_ATTRIBUTE = r"=?+[^\s/>=]++(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s>]*+))?+"
_TAG = re.compile(rf"(?P<name><[a-zA-Z][^\s/>]*+)(?:[\s/]++|{_ATTRIBUTE}|=)*+")
_ATTRIBUTES = re.compile(_ATTRIBUTE)

# trafilatura drops characters that can't be printed, ZWNJ among them; this letter, which nobody writes, stands in for it.
_ZWNJ, _STAND_IN = "\u200c", "\ua78f"

# Only windows-1256 is taken at its word: pages that say iso-8859-1 and are UTF-8 are many.
_SAYS_1256 = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*(?:windows-|x-cp|cp)1256\b", re.IGNORECASE)

_BLOCKS = frozenset({"p", "head", "quote", "list", "item", "table", "row", "code", "div"})


def article(data: bytes, encoding: str | None = None) -> tuple[str, dict[str, str]]:
    """The article of a page as `articles.split_paragraphs` takes it, and its metadata.

    The title stands at the head as a headline, unless the text begins with it; headings within are headlines too.

    Args:
        data: the page as it was saved.
        encoding: as for `articles.decode`; by default also what the page itself says.

    Returns:
        The text, and ``title``, ``date`` (ISO 8601) and ``outlet`` as far as the page has them.

    Raises:
        InputError: the bytes are not in that encoding; the page has no article, or is larger than any article.
        MissingExtraError: trafilatura is not installed.

    >>> page = "<html><head><title>بهای نفت</title></head><body><p>نفت امروز گران شد.</p></body></html>"
    >>> article(page.encode())
    ('# بهای نفت\\n\\nنفت امروز گران شد.', {'title': 'بهای نفت'})
    """
    if encoding is None and _SAYS_1256.search(data, 0, 2048):
        encoding = "windows-1256"
    tree = _parse(decode(data, encoding).replace(_ZWNJ, _STAND_IN))
    found = _extract(tree)
    blocks = [block for block in _blocks(found.body) if block] if found is not None else []
    if not blocks:
        raise InputError("no article was found in this page")
    known = {"title": found.title, "date": found.date, "outlet": found.sitename or found.hostname}
    metadata = {key: _with_zwnj(" ".join(value.split())[:METADATA_LENGTH]) for key, value in known.items() if value}
    return "\n\n".join(_headed(metadata.get("title"), [_with_zwnj(block) for block in blocks])), metadata


def _with_zwnj(found: str) -> str:
    return found.replace(_STAND_IN, _ZWNJ)


def _parse(markup: str) -> Any:
    in_all = 0
    for tag in _TAG.finditer(markup):
        count = len(_ATTRIBUTES.findall(markup, tag.end("name"), tag.end()))
        in_all += count
        if count > MOST_ATTRIBUTES or in_all > MOST_ATTRIBUTES_IN_ALL:
            raise InputError(
                f"not an article: more than {MOST_ATTRIBUTES} attributes in a tag, or {MOST_ATTRIBUTES_IN_ALL:,} in all"
            )
    lxml_html = _import()[1]
    parser = lxml_html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        tree = lxml_html.document_fromstring(markup.encode(), parser=parser)
    except Exception as error:  # a parser's own errors, of which some are no ValueError
        raise InputError(f"not HTML ({error})") from error
    for count, element in enumerate(tree.iter()):
        if count == MOST_ELEMENTS:
            raise InputError(
                f"more than {MOST_ELEMENTS:,} elements in one page; cut it, or save it as text and label that"
            )
        for name in [name for name, value in element.items() if len(value) > _LONGEST_VALUE]:
            del element.attrib[name]
        if element.tag == "script" and len(element.text or "") > _LONGEST_SCRIPT:
            element.text = None
    return tree


def _extract(tree: Any) -> Any:
    trafilatura = _import()[0]
    for name in ("trafilatura", "htmldate"):  # their warnings would go to stderr
        logging.getLogger(name).addHandler(logging.NullHandler())
    # Dates that the page states, not such as its text may hold; and not by today's, so that a page always gives the same.
    dates = {"extensive_search": False, "original_date": True, "max_date": "2100-01-01"}
    try:
        return trafilatura.bare_extraction(
            tree, fast=True, with_metadata=True, include_comments=False, date_extraction_params=dates
        )
    except Exception as error:  # whatever hostile markup makes of it: the other articles go on
        raise InputError(f"the page can't be read ({type(error).__name__}: {error})") from error


def _import() -> tuple[Any, Any]:
    try:
        import lxml.html
        import trafilatura
    except ImportError as error:
        raise MissingExtraError(
            f"HTML needs trafilatura ({error}); install it with: pip install 'stancelib[html]'"
        ) from error
    return trafilatura, lxml.html


def _blocks(element: Any) -> Iterator[str]:
    """The paragraphs below an element; headings as in Markdown. Its line ends are those of <br>."""

    def block() -> str:
        lines = [" ".join(line.split()) for line in "".join(parts).split("\n")]
        joined = "\n".join(filter(None, lines))
        return f"# {' '.join(joined.split())}" if joined and element.tag == "head" else joined

    parts = [element.text or ""]
    for child in element:
        if child.tag in _BLOCKS:
            yield block()
            parts = []
            yield from _blocks(child)
        else:
            parts.append("\n" if child.tag == "lb" else " " if child.tag == "cell" else "")
            parts += child.itertext()
        parts.append(child.tail or "")
    yield block()


def _headed(title: str | None, blocks: list[str]) -> list[str]:
    """The paragraphs with the title at their head, once."""
    if title is None or not (wanted := text.words(title)):
        return blocks
    first = text.words(blocks[0])
    if first == wanted:
        return [f"# {title}", *blocks[1:]]
    return blocks if first[: len(wanted)] == wanted else [f"# {title}", *blocks]
