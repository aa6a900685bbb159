"""The page: a field for an article, and what the server sends back for it."""

from __future__ import annotations

import stancelib
from stancelib import report
from stancelib.markup import Markup, number, tag, together
from stancelib.model import Labels, StanceModel
from stancelib.report import said
from stancelib.taxonomy import Taxonomy
from stancelib.web.schemas import CHARACTERS

#: Invented, with each shipped topic and one paragraph that has none.
EXAMPLE = """وزیر نفت: صادرات گاز به همسایگان بیشتر می‌شود

وزیر نفت در نشست خبری گفت خط لوله تازه تا پایان سال به بهره‌برداری می‌رسد و صادرات گاز به کشورهای همسایه افزایش خواهد یافت.

کارشناسان از خاموشی‌های پی‌درپی و بی‌برنامگی وزارت نیرو به شدت انتقاد کردند و گفتند کمبود برق کارخانه‌ها را زمین‌گیر کرده است.

سخنگوی وزارت امور خارجه حمله به بیمارستانی در غزه را به شدت محکوم کرد و خواستار آتش‌بس فوری و ارسال کمک به مردم فلسطین شد.

وزیران خارجه ایران و ترکیه در گفت‌وگوی تلفنی درباره روابط دو کشور رایزنی کردند.

هواشناسی برای فردا در نوار شمالی کشور باران پراکنده پیش‌بینی کرد."""


def page(model: StanceModel, digest: str) -> str:
    """The whole page, before anything is labelled.

    Args:
        model: labels what will be sent.
        digest: SHA-256 of its file.
    """
    main = together(
        tag("p", said("serve_about"), " ", said("serve_kept")),
        _form(),
        tag("noscript", tag("p", said("no_script"), class_="problem")),
        tag("div", tag("section", _topics(model.taxonomy), id="paragraphs", tabindex="-1"), id="result"),
    )
    about = f"stancelib {stancelib.__version__}, SHA-256 {digest}, "
    api = tag("a", "REST API (OpenAPI)", href="openapi.json")
    foot = (said("made"), tag("br"), tag("span", about, api, dir="ltr"))
    return report.document(main, model.taxonomy, *foot, asks=True, title="serve_title")


def result(labels: Labels, model: StanceModel) -> Markup:
    """What the page shows for an article; the place of `page`'s ``result``."""
    if not labels:
        return tag("section", tag("p", said("no_text")), id="paragraphs", tabindex="-1")
    return report.fragment(report.explained(model, labels), model)


def _form() -> Markup:
    count = tag(
        "p",
        number(0),
        " ",
        said("words"),
        " · ",
        number(0),
        " ",
        said("of"),
        " ",
        tag("span", f"{CHARACTERS:,}", data_n=CHARACTERS),
        " ",
        said("characters"),
        class_="count",
        id="count",
    )
    return tag(
        "form",
        tag("label", said("paste"), for_="text"),
        tag(
            "textarea",
            name="text",
            id="text",
            rows=9,
            dir="auto",
            lang="fa",
            spellcheck="false",
            aria_describedby="count",
        ),
        count,
        tag(
            "p",
            tag("button", said("go"), type="submit", class_="go"),
            tag("span", said("keys"), class_="count keys"),
            tag("button", said("example"), type="button", class_="example", data_text=EXAMPLE),
            tag("button", said("clear"), type="button", class_="clear"),
            class_="buttons",
        ),
        tag("p", class_="problem", role="alert"),
        tag("p", class_="progress", role="status"),
        class_="paste",
        data_most=CHARACTERS,
    )


def _topics(taxonomy: Taxonomy) -> Markup:
    """What will be looked for, in the place of the result until there is one."""
    rows = [
        tag(
            "div",
            tag("dt", topic.title["fa"], data_k=f"topic.{topic.name}"),
            tag("dd", topic.target["fa"], data_k=f"target.{topic.name}"),
        )
        for topic in taxonomy.topics
    ]
    return together(tag("h2", said("looks_for")), tag("p", said("toward")), tag("dl", *rows, class_="topics"))
