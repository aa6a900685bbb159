"""Saved web pages: the article and its metadata come out, and nothing that a page holds does harm."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stancelib import webpage
from stancelib.articles import split_paragraphs
from stancelib.errors import InputError

PAGE = """<!DOCTYPE html><html lang="fa"><head><meta charset="utf-8"><title>{title} | خبرگزاری نمونه</title>
<meta property="og:title" content="{title}"><meta property="og:site_name" content="خبرگزاری نمونه">
<meta property="article:published_time" content="2024-05-01T12:30:00+03:30">
<script>document.write("نباید خوانده شود")</script></head>
<body><nav><a href="/">صفحه نخست</a></nav><article>{body}</article><footer>همه حقوق محفوظ است</footer></body></html>"""
TITLE = "گفت‌وگوی وزیران خارجه ایران و عمان"
BODY = """<p>وزیران خارجه ایران و عمان امروز در مسقط
دیدار کردند و بر گسترش <b>روابط</b> دو کشور تأکید کردند.</p><h2>صادرات گاز</h2>
<p>درباره صادرات گاز نیز گفت‌وگو شد.<br>دیدار بعدی در تهران است.</p>"""


def page(title: str = TITLE, body: str = BODY) -> bytes:
    return PAGE.format(title=title, body=body).encode()


def test_an_article_comes_out_with_its_metadata() -> None:
    text, metadata = webpage.article(page())
    assert metadata == {"title": TITLE, "date": "2024-05-01", "outlet": "خبرگزاری نمونه"}
    assert split_paragraphs(text) == [
        ("headline", TITLE),
        ("body", "وزیران خارجه ایران و عمان امروز در مسقط دیدار کردند و بر گسترش روابط دو کشور تأکید کردند."),
        ("headline", "صادرات گاز"),
        ("body", "درباره صادرات گاز نیز گفت‌وگو شد."),
        ("body", "دیدار بعدی در تهران است."),
    ]


@pytest.mark.parametrize(
    "begins", [f"<h1>{TITLE}</h1>", f"<p>{TITLE.replace('ی', 'ي')}</p>", f"<p>{TITLE}: متن خبر از همین جا آغاز شد.</p>"]
)
def test_the_title_stands_there_once(begins: str) -> None:
    paragraphs = split_paragraphs(webpage.article(page(body=begins + BODY))[0])
    assert len(paragraphs) == 5
    assert [text.startswith(TITLE) for _, text in paragraphs] == [True, False, False, False, False]


def test_what_a_page_says_of_its_encoding() -> None:
    old = page("بهای نفت", "<p>بهای نفت امروز بالا رفت.</p>").decode().replace("utf-8", "windows-1256")
    old = old.replace("ی", "ي")
    assert "بهاي نفت امروز بالا رفت." in webpage.article(old.encode("windows-1256"))[0]
    assert webpage.article(page().decode().replace("utf-8", "iso-8859-1").encode())[1]["title"] == TITLE
    with pytest.raises(InputError, match="not utf-8"):
        webpage.article("<p>بهاي نفت امروز بالا رفت.".encode("windows-1256"))
    assert webpage.article("<p>بهاي نفت امروز بالا رفت.".encode("windows-1256"), "windows-1256")[0]


SENTENCE = "<p>بهای نفت امروز بالا رفت و بازار آرام ماند.</p>"


@pytest.mark.parametrize(
    ("markup", "problem"),
    [
        ("", "not HTML"),
        ("<!-- نفت -->", "not HTML"),
        ("<html><body></body></html>", "no article"),
        ("<script>alert('نفت')</script>", "no article"),
        ("<div>" * 100_000 + SENTENCE, "no article"),
        ("<table><tr><td>" * 3000 + SENTENCE, "no article"),
        (SENTENCE * 30_000, "more than 20,000 elements"),
        ("<br>" * 1_000_000, "more than 20,000 elements"),
        (f"<body {' '.join(f'a{n}=1' for n in range(100_000))}>{SENTENCE}", "attributes"),
        ("<body " + " ".join(f"a{n}='>'" for n in range(100_000)) + f">{SENTENCE}", "attributes"),
        (f"<p {' '.join(f'a{n}' for n in range(400))}>" * 1000, "attributes"),
        ("<a " * 500_000, "attributes"),
        ("<a b='\"" * 500_000, "attributes"),
    ],
    ids=range(13),
)
def test_pages_that_are_refused(markup: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        webpage.article(markup.encode())


@pytest.mark.parametrize(
    "markup",
    [
        SENTENCE + "<" * 1_000_000,
        f"<script type='application/ld+json'>{'[{' * 100_000}</script>{SENTENCE}",
        f"<title>{'نفت | ' * 100_000}</title>{SENTENCE}",
        f"<meta property='og:title' content='{'نفت - ' * 100_000}'>{SENTENCE}",
        f"<span class=author>{'by a, ' * 100_000}</span>{SENTENCE}",
        f"<p>\0&#0;&#xd800;&#x110000;</p>{SENTENCE}",
        f"<?xml version='1.0' encoding='latin-1'?>{SENTENCE}",
    ],
    ids=range(7),
)
def test_hostile_pages_give_their_text(markup: str) -> None:
    text, metadata = webpage.article(markup.encode())
    assert "بازار آرام ماند" in text
    assert len(metadata.get("title", "")) <= 1000


def test_entities_are_neither_expanded_nor_fetched(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("راز", encoding="utf-8")
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE p [<!ENTITY x SYSTEM "file://{tmp_path}/secret"><!ENTITY l0 "نفت">{levels}]>{SENTENCE}<p>&l11;&x;</p>'
    text, _ = webpage.article(bomb.encode())
    assert len(text) < 500
    assert "راز" not in text


@given(
    st.lists(
        st.sampled_from(
            ["<p>", "</p>", "<div>", "<h1>", "<li>", "<", ">", "&", "&#1;", '"', "<td", " a=", "نفت ", "\n"]
        )
    )
)
def test_any_markup_gives_text_or_an_error(pieces: list[str]) -> None:
    try:
        text, metadata = webpage.article("".join(pieces).encode())
    except InputError:
        return
    assert text.strip()
    assert set(metadata) <= {"title", "date", "outlet"}


def test_label(run, tmp_path: Path) -> None:
    good, bad = tmp_path / "a.html", tmp_path / "b.htm"
    good.write_bytes(page())
    bad.write_text("<html></html>", encoding="utf-8")
    code, out, err = run("label", "--format", "jsonl", tmp_path)
    assert code == 1
    assert "b.htm: no article was found" in err
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["kind"] for row in rows] == ["headline", "body", "headline", "body", "body"]
    assert {(row["title"], row["date"], row["outlet"]) for row in rows} == {(TITLE, "2024-05-01", "خبرگزاری نمونه")}
    assert list(rows[0])[:7] == ["doc", "title", "date", "outlet", "par", "kind", "text"]


def test_without_trafilatura_the_extra_is_named(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trafilatura", None)
    (tmp_path / "a.html").write_bytes(page())
    (tmp_path / "b.txt").write_text("نفت گران شد.", encoding="utf-8")
    code, out, err = run("label", "--format", "jsonl", tmp_path)
    assert (code, len(out.splitlines())) == (1, 1)
    assert "pip install 'stancelib[html]'" in err
