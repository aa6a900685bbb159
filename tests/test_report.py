"""The report, read in a real browser."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browser import chromium, serious_violations, tab  # noqa: F401

import stancelib
from stancelib import charts, report
from stancelib.records import LabelledParagraph
from stancelib.votes import VoteTable

SEED = next((Path(__file__).parent.parent / "seeds").glob("*.txt"))
TIES = "ایران و ترکیه بر گسترش همکاری‌های دو کشور در زمینه انرژی تأکید کردند 🛢️ و سفیر تازه معرفی شد."
OTHER = "تیم فوتبال شهر ما دیشب بازی را برد و هواداران شادی کردند."
HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)> نفت ايران &amp; گاز \u202e‮ \x00\x0c\"' صادرات شد"
)


def articles(count: int = 1, **about: str) -> list[report.Article]:
    model = stancelib.load()
    found = []
    for n in range(count):
        labelled = model.label([TIES, OTHER, "صادرات نفت کاهش یافت و وزیر نفت از تحریم‌ها انتقاد کرد."], doc=f"خبر {n}")
        found.append(report.explained(model, [replace(p, **about) for p in labelled]))
    return found


def written(folder: Path, found: list[report.Article]) -> str:
    file = folder / "report.html"
    file.write_text(report.page(found, stancelib.load(), "a test"), encoding="utf-8")
    return file.as_uri()


@pytest.fixture
def shown(tab: Any, tmp_path: Path) -> Any:  # noqa: F811
    tab.goto(written(tmp_path, articles(2, outlet="خبرگزاری الف", date="2024-05-01")))
    tab.evaluate("document.querySelectorAll('.par').forEach((par) => par.scrollIntoView())")
    tab.wait_for_selector(".w")
    return tab


def test_nothing_is_fetched() -> None:
    html = report.page(articles(), stancelib.load())
    assert re.findall(r"(?:https?:)?//[\w.]+|@import|url\(|src=|<link", html) == []
    assert "default-src &#x27;none&#x27;" in html


def test_text_stays_text(tab: Any, tmp_path: Path) -> None:  # noqa: F811
    model = stancelib.load()
    labelled = model.label([HOSTILE], doc=HOSTILE)
    nasty = [replace(p, title=HOSTILE, outlet=HOSTILE, date='"><script>alert(3)</script>') for p in labelled]
    assert nasty[0].labels
    tab.goto(written(tmp_path, [report.explained(model, nasty)]))
    tab.locator(".text").scroll_into_view_if_needed()
    tab.wait_for_selector(".w")
    kept = HOSTILE.replace("\x00", "\ufffd").replace("\x0c", "\ufffd")
    assert tab.locator(".text").text_content() == kept
    assert tab.locator("h3").text_content() == kept
    assert tab.locator("article script, article img").count() == 0


def test_words_are_shaded_and_the_text_is_not_changed(shown: Any) -> None:
    first = shown.locator("#a1-1")
    assert first.locator(".text").text_content() == TIES
    words = first.locator(".w").all_text_contents()
    assert any("همکاری" in word for word in words)
    assert all(word.strip() == word for word in words)
    assert first.locator(".w.for").count() > 1
    chips = first.locator("button.chip")
    assert chips.count() >= 2 and chips.first.get_attribute("aria-pressed") == "true"
    before = first.locator(".w").evaluate_all("words => words.map((w) => w.style.backgroundColor)")
    chips.nth(1).click()
    assert chips.nth(1).get_attribute("aria-pressed") == "true"
    assert chips.first.get_attribute("aria-pressed") == "false"
    assert first.locator(".w").evaluate_all("words => words.map((w) => w.style.backgroundColor)") != before


def test_figures_on_hover_and_on_focus(shown: Any) -> None:
    words = shown.locator("#a1-1 .w")
    tip = shown.locator("#tip")
    assert not tip.is_visible()
    words.first.hover()
    assert tip.is_visible() and re.search(r"[+−-]?[۰-۹]٫[۰-۹]{2}", tip.text_content())
    shown.mouse.move(0, 0)
    assert not tip.is_visible()
    words.first.focus()
    assert tip.is_visible() and words.first.get_attribute("aria-describedby") == "tip"
    shown.keyboard.press("ArrowLeft")
    assert words.nth(1).evaluate("word => word === document.activeElement")
    assert words.first.get_attribute("tabindex") == "-1"
    shown.keyboard.press("Escape")
    assert not tip.is_visible()


def test_the_votes_shown_add_up_to_the_models_score(shown: Any) -> None:
    shown.click("#language")
    model = stancelib.load()
    (labelled,), (why,) = model.label([TIES]), model.explain([TIES])
    scores = dict(zip(why.labels, why.scores, strict=True))
    par = shown.locator("#a1-1")
    par.locator("summary").click()
    for mode, label in enumerate(labelled.labels):
        par.locator("button.chip").nth(2 * mode).click()
        votes = [float(v.replace("−", "-")) for v in par.locator(".why tbody td").all_text_contents()]
        total, needed = (float(v.replace("−", "-")) for v in par.locator(".why tfoot td").all_text_contents())
        assert 0 not in votes[:-1]  # the last one is that of the small ones together
        assert total == pytest.approx(scores[label.topic], abs=0.01)
        assert sum(votes) == pytest.approx(total, abs=0.005 * len(votes) + 0.01)
        assert needed == pytest.approx(model.threshold[model.taxonomy.names.index(label.topic)], abs=0.01)


def test_the_switch_turns_everything_but_the_articles(shown: Any) -> None:
    assert shown.evaluate("document.documentElement.dir") == "rtl"
    shown.click("#language")
    assert shown.evaluate("[document.documentElement.dir, document.documentElement.lang].join()") == "ltr,en"
    left = shown.evaluate("[...document.querySelectorAll('[data-k], [data-n]')].map((e) => e.textContent).join(' ')")
    assert not re.search("[\u0600-\u06ff]", left.replace("فارسی", ""))
    assert "Bilateral ties" in left
    assert shown.locator("#a1-1 .text").text_content() == TIES
    shown.click("#language")
    assert "روابط دوجانبه" in shown.locator("main").text_content()


def test_the_filter(shown: Any) -> None:
    def count() -> int:
        return shown.locator(".par:visible").count()

    assert count() == 6
    shown.check("input[name=only]")
    assert count() == 4
    shown.fill("input[name=search]", "همكاریهای")  # written otherwise than in the text
    assert count() == 2
    assert "۲" in shown.locator(".status").text_content()
    shown.select_option("select[name=topic]", "gaza")
    assert count() == 0 and shown.locator(".nothing").is_visible()
    shown.select_option("select[name=topic]", "bilateral_ties")
    shown.select_option("select[name=stance]", "favor")
    shown.select_option("select[name=outlet]", "خبرگزاری الف")
    assert count() == 2


@pytest.mark.parametrize("width", [1100, 360])
@pytest.mark.parametrize("language", ["fa", "en"])
def test_accessible(shown: Any, width: int, language: str) -> None:
    shown.set_viewport_size({"width": width, "height": 800})
    if language == "en":
        shown.click("#language")
    shown.locator("#a1-1 summary").click()
    assert serious_violations(shown) == []
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_print_and_no_script(shown: Any, chromium: Any, tmp_path: Path) -> None:  # noqa: F811
    shown.emulate_media(media="print")
    assert not shown.locator(".filter").is_visible() and shown.locator("#a1-1 .text").is_visible()
    assert len(shown.pdf()) > 10_000
    still = chromium.new_context(java_script_enabled=False).new_page()
    still.goto(written(tmp_path, articles()))
    assert "موافق" in still.locator("#a1-1 .labels").text_content()
    assert still.locator(".bars").first.is_visible()


def test_two_hundred_articles_are_small_enough() -> None:
    # Ten paragraphs an article, two in three with a label: dense for news.
    found = [replace_all(article) for article in articles(1) for _ in range(200)]
    assert len(report.page(found, stancelib.load()).encode()) < 5_000_000


def replace_all(article: report.Article) -> report.Article:
    return report.Article([*article.paragraphs] * 3, [*article.explanations] * 3)


def test_charts_count() -> None:
    paragraphs = [p for article in articles(3, outlet="الف") for p in article.paragraphs]
    rows = charts.stances_by([paragraphs], "bilateral_ties", lambda p: p.outlet)
    assert rows == {"الف": {"favor": 3}}
    html = report.page(articles(20, outlet="الف", date="2024-05-01"), stancelib.load())
    captions = re.findall("<caption>(.*?)</caption>", html)
    titles = [re.sub("<.*?>", "", caption) for caption in captions]
    assert titles[:5] == [
        "موضع در هر موضوع",
        *("انرژی بر پایه تاریخ", "روابط دوجانبه بر پایه تاریخ"),
        *("انرژی بر پایه رسانه", "روابط دوجانبه بر پایه رسانه"),
    ]
    # By article: the first rows, and all others together without a bar.
    last = html.split("</caption>")[-1].split("</table>")[0]
    assert last.count("<tr>") == 1 + charts.ROWS + 1 and last.count("<svg") == charts.ROWS
    assert "بقیه" in last


def test_few_rows_of_dates() -> None:
    days = [f"2024-{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 29)]
    assert charts.period_of(days[: charts.ROWS])(days[0]) == "2024-01-01"
    assert charts.period_of(days[: charts.ROWS + 1])(days[0]) == "2024-01"  # not the last days as others
    assert charts.period_of(days)(days[0]) == "2024-01"
    years = [f"{year}-05-01" for year in range(1990, 2025)]
    assert charts.period_of(years)(years[0]) == "1990"


def test_dates_of_every_shape() -> None:
    many = [f"۱۴۰۳/{month}/{day}" for month in range(1, 13) for day in range(1, 29)]
    cut = charts.period_of(many)
    assert sorted(map(cut, {many[0], many[-1]})) == ["1403-01", "1403-12"]
    for other in ("May 1, 2024", "1714554000", "۱۲ اردیبهشت ۱۴۰۳", "2024", "", "20240501"):
        assert cut(other) == other
    assert len({cut(f"12 May 202{n}") for n in range(9)}) == 9


def test_articles_with_the_same_title_are_counted_each() -> None:
    html = report.page(articles(3, title="خبر"), stancelib.load())
    table = html.split("</caption>")[-1].split("</table>")[0]
    assert re.findall('<a href="#(a.)"><bdi>(.*?)</bdi>', table) == [("a1", "خبر"), ("a2", "خبر"), ("a3", "خبر")]


def test_without_a_stance_or_a_label(tab: Any, tmp_path: Path) -> None:  # noqa: F811
    model = stancelib.load()
    labelled = model.label([TIES, OTHER], doc="x", stance_threshold=1.0)
    assert labelled[0].labels[0].stance is None
    tab.goto(written(tmp_path, [report.explained(model, labelled), report.Article([], [])]))
    assert "نامطمئن" in tab.locator("#a1-1 .labels").text_content()
    assert "بدون موضوع" in tab.locator("#a1-2 .labels").text_content()
    assert tab.locator("article").count() == 1


def test_the_command(run, tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    lines = [{"id": n, "text": f"{TIES}\n\n{OTHER}", "outlet": "الف", "date": "2024-05-01"} for n in range(3)]
    records.write_text("".join(json.dumps(line) + "\n" for line in lines) + "{\n", encoding="utf-8")
    page = tmp_path / "page.html"
    code, out, err = run("report", records, SEED, "-o", page)
    assert code == 1 and out == "" and "line 4" in err
    html = page.read_text(encoding="utf-8")
    assert html.count("<article") == 4 and "SHA-256" in html
    code, _, err = run("report", records, "-o", page, "--most", "2")
    assert code == 1 and "the first 2" in err
    assert page.read_text(encoding="utf-8").count("<article") == 2
    assert run("report", SEED, "-o", tmp_path)[0] == 2
    assert run("report", SEED, "-o", tmp_path / "not" / "there.html")[0] == 2
    assert run("report", SEED, "-o", SEED)[0] == 1


def test_a_score_is_needed_only_where_topics_are_found_by_it(run, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    needed = []
    for more in ((), ("--threshold", "0.9")):
        assert run("report", SEED, "-o", page, *more)[0] == 0
        needed.append(re.findall(r'"needed":\[(.*?)\]', page.read_text(encoding="utf-8")))
    assert all(re.fullmatch(r"-?\d+,null(,-?\d+,null)*", one) for one in needed[0]) and needed[0]
    assert all(set(one.split(",")) == {"null"} for one in needed[1]) and needed[1]


def test_words_without_places_have_their_names(tab: Any, tmp_path: Path) -> None:  # noqa: F811
    shipped = stancelib.load()
    model = replace(shipped, table=VoteTable(replace(shipped.table.features, normalizer="hazm")))
    page = tmp_path / "page.html"
    page.write_text(report.page([report.explained(model, model.label([TIES]))], model), encoding="utf-8")
    tab.goto(page.as_uri())
    tab.locator("#a1-1 summary").click()
    names = tab.locator("#a1-1 .why tbody th").all_text_contents()
    assert "ترکیه" in names and "0" not in names


def test_no_paragraphs(run, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("", encoding="utf-8")
    code, _, err = run("report", empty, "-o", tmp_path / "page.html")
    assert code == 0 and "no text" in err
    assert "</html>" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_names_of_articles() -> None:
    paragraph = LabelledParagraph("a.txt", 1, "body", "نفت", (), {})
    assert report._name(paragraph) == "a.txt"
    assert report._name(replace(paragraph, id="7")) == "a.txt 7"
    assert report._name(replace(paragraph, id="7", title="خبر")) == "خبر"
