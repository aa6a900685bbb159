"""How large the report of 200 articles is, and how long Chromium takes to open it, to filter it and to switch its language.

    python benchmarks/page.py

The articles are made of paragraphs of the corpus, ten each, two in three with a topic. Needs the test extra and Chromium.
"""

from __future__ import annotations

import random
import shutil
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import sync_playwright

from stancelib import report, shipped, store

ARTICLES, PARAGRAPHS, ROUNDS = 200, 10, 5


def main() -> None:
    chosen = random.Random(0)
    model = store.load()
    every = [p.text for p in shipped.paragraphs()]
    start = time.perf_counter()
    articles = []
    for n in range(ARTICLES):
        about = {"outlet": f"outlet {n % 7}", "date": f"2024-{n % 12 + 1:02}-01", "title": f"article {n}"}
        labelled = model.label(chosen.sample(every, PARAGRAPHS))
        articles.append(report.explained(model, [replace(paragraph, **about) for paragraph in labelled]))
    html = report.page(articles, model)
    made = time.perf_counter() - start
    labels = sum(bool(p.labels) for article in articles for p in article.paragraphs)
    print(f"{ARTICLES} articles, {ARTICLES * PARAGRAPHS:,} paragraphs, {labels:,} with a topic")
    print(f"labelled, explained and written in {made:.1f} s: {len(html.encode()) / 1e6:.2f} MB")
    opened, filtered, switched = [], [], []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder, "report.html")
        file.write_text(html, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for _ in range(ROUNDS):
            page = browser.new_page()
            start = time.perf_counter()
            page.goto(file.as_uri())
            page.wait_for_selector(".par .chip")
            opened.append(time.perf_counter() - start)
            start = time.perf_counter()
            page.fill("input[name=search]", "نفت")
            page.wait_for_selector(".status:not([hidden])")
            filtered.append(time.perf_counter() - start)
            start = time.perf_counter()
            page.click("#language")
            page.wait_for_selector("html[lang=en]")
            switched.append(time.perf_counter() - start)
            page.close()
        browser.close()
    for what, seconds in (("open", opened), ("filter", filtered), ("switch", switched)):
        print(f"{what:7} {statistics.median(seconds):.2f} s (at most {max(seconds):.2f})")


if __name__ == "__main__":
    main()
