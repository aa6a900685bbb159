"""The page and the REST API, on a real server: what they answer, and to whom they do not."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from browser import chromium, serious_violations, tab  # noqa: F401
from hypothesis import given, settings
from hypothesis import strategies as st

import stancelib
from stancelib import batch, report, web
from stancelib.web import page, schemas, server

SEED = next((Path(__file__).parent.parent / "seeds").glob("*.txt")).read_text(encoding="utf-8")
OIL = "صادرات نفت ایران افزایش یافت."
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> نفت \x00\x0c\"' &amp; 🛢️ صادرات \ud83d شد"
SMALL = 4000  # bytes; the limit of a server whose limits are tried
JSON = {"content-type": "application/json"}
HTTP = httpx.Client(trust_env=False)  # making one takes as long as many requests


@contextlib.contextmanager
def served(model: Any = None, **options: Any) -> Iterator[str]:
    """A server in a thread: its address."""
    sock = web.listen("127.0.0.1", 0)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)  # what the system takes off the server's hands
    running = server.server(web.application(model or stancelib.load(), "0" * 64, **options))
    thread = threading.Thread(target=running.run, args=([sock],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        running.should_exit = True
        thread.join()
        sock.close()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as found:
        yield found


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, trust_env=False) as found:
        yield found


@pytest.fixture(scope="module")
def small() -> Iterator[str]:
    """A server with limits that are soon reached."""
    with served(limits=web.Limits(size=SMALL, seconds=0.3)) as found:
        yield found


def raw(address: str, sent: bytes, shut: bool = False) -> bytes:
    """Bytes to the server, and all that it says until it closes."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as sock:
        sock.sendall(sent)
        if shut:
            sock.shutdown(socket.SHUT_WR)
        found = b""
        while more := sock.recv(65536):
            found += more
    return found


# The API.


def test_the_objects_are_those_of_jsonl(client: httpx.Client) -> None:
    model = stancelib.load()
    expected = [paragraph.as_dict() for paragraph in model.label(SEED)]
    answer = client.post("/label", json={"text": SEED})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == {"paragraphs": expected}
    why = client.post("/label", json={"text": SEED, "explain": True}).json()["paragraphs"]
    assert [row.pop("explanation") for row in why] == [e.as_dict() for e in model.label(SEED).explain()]
    assert why == expected


@settings(max_examples=settings().max_examples // 2)
@given(st.text(max_size=200), st.floats(0, 1))
def test_any_text(client: httpx.Client, text: str, threshold: float) -> None:
    found = client.post("/label", json={"paragraphs": [text, OIL], "threshold": threshold}).json()["paragraphs"]
    assert found == [p.as_dict() for p in stancelib.load().label([text, OIL], threshold=threshold)]


def test_thresholds(client: httpx.Client) -> None:
    (none,) = client.post("/label", json={"text": OIL, "threshold": 1}).json()["paragraphs"]
    assert none["labels"] == []
    (unsure,) = client.post("/label", json={"text": OIL, "stance_threshold": 1}).json()["paragraphs"]
    assert unsure["labels"][0]["stance"] is None and "no stance reaches 1" in unsure["labels"][0]["reason"]
    with served(threshold=1.0) as strict:
        assert HTTP.post(f"{strict}/label", json={"text": OIL}).json()["paragraphs"][0]["labels"] == []
        asked = HTTP.post(f"{strict}/label", json={"text": OIL, "threshold": 0.5}).json()
        assert asked["paragraphs"][0]["labels"] != []


@pytest.mark.parametrize("text", ["", " \n\n\t", "***"])
def test_no_paragraphs(client: httpx.Client, text: str) -> None:
    assert client.post("/label", json={"text": text}).json() == {"paragraphs": []}
    answer = client.post("/page/article", json={"text": text})
    assert answer.status_code == 200 and 'data-k="no_text"' in answer.text


def test_characters_that_are_none(client: httpx.Client) -> None:
    """A cut emoji and NUL: the text is as long as before, so places in it stay true."""
    answer = client.post("/label", content=b'{"paragraphs": ["\\ud83d \\u0000 \\ude00x"]}', headers=JSON)
    assert answer.json()["paragraphs"][0]["text"] == "\ufffd \x00 \ufffdx"
    nasty = client.post("/label", content=b'{"\\ud83d": 1, "text": "x"}', headers=JSON)
    assert nasty.status_code == 422 and "\ud83d" not in nasty.json()["detail"]


def test_about_the_model(client: httpx.Client) -> None:
    model, about = stancelib.load(), client.get("/model").json()
    assert about["sha256"] == "0" * 64 and about["version"] == stancelib.__version__
    assert {"topic": about["topics"]} == model.taxonomy.as_dict()
    assert list(about["thresholds"]) == list(model.taxonomy.names)
    assert about["limits"] == {"bytes": 1 << 20, "characters": schemas.CHARACTERS, "paragraphs": schemas.PARAGRAPHS}
    assert client.get("/health").json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("", 422, "Field required"),
        ("{", 400, "not JSON"),
        ("\xff", 400, ""),
        ("null", 422, ""),
        ("[]", 422, ""),
        ("{}", 422, "text: Field required"),
        ('{"text": 1}', 422, "text: "),
        ('{"text": "x", "paragraphs": []}', 422, "text: Extra"),
        ('{"text": "x", "colour": 1}', 422, "colour: Extra"),
        ('{"paragraphs": "x"}', 422, "paragraphs: "),
        ('{"paragraphs": ["x", null]}', 422, "paragraphs.1: "),
        ('{"text": "x", "threshold": 1.5}', 422, "threshold: "),
        ('{"text": "x", "threshold": NaN}', 422, "threshold: "),
        ('{"text": "x", "threshold": 1e999}', 422, "threshold: "),
        ('{"text": "x", "threshold": "1"}', 422, "threshold: "),
        ('{"text": "x", "threshold": true}', 422, "threshold: "),
        ('{"text": "x", "explain": 1}', 422, "explain: "),
        ('{"text": "x", "threshold": ' + "9" * 5000 + "}", 400, ""),
        (json.dumps({f"k{n}" * 99: n for n in range(9)} | {"text": "x"}), 422, "and 6 more"),
    ],
)
def test_what_is_refused_and_why(client: httpx.Client, body: str, status: int, said: str) -> None:
    answer = client.post("/label", content=body.encode("latin-1"), headers=JSON)
    assert answer.status_code == status
    assert list(answer.json()) == ["detail"] and said in answer.json()["detail"]
    assert len(answer.json()["detail"]) < 500


def test_other_paths_and_methods(client: httpx.Client) -> None:
    assert client.get("/docs").status_code == client.get("/label/").status_code == 404
    assert client.get("/../../etc/passwd").status_code == 404
    answer = client.get("/label")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert client.options("/label").status_code == 405


# The OpenAPI document, which is what programs rely on.

PATHS = {
    "/label": {"post": "200 400 403 408 413 415 421 422 500 503"},
    "/model": {"get": "200 403 421 500"},
    "/health": {"get": "200 403 421 500"},
}
FIELDS = {
    "About": "version sha256 topics thresholds limits",
    "Article": "threshold stance_threshold explain text",
    "Explanation": "labels bias units scores",
    "Health": "status",
    "Label": "topic score stance stance_score reason",
    "Labelled": "paragraphs",
    "Most": "bytes characters paragraphs",
    "Paragraph": "doc par kind text labels scores explanation",
    "Paragraphs": "threshold stance_threshold explain paragraphs",
    "Problem": "detail",
    "Topic": "name title about target keywords",
    "Unit": "unit spans votes",
}
REQUIRED = {
    "Article": ["text"],
    "Paragraphs": ["paragraphs"],
    "Label": ["topic", "score", "stance", "stance_score"],
    "Paragraph": ["doc", "par", "kind", "text", "labels", "scores"],
}


def test_the_document_does_not_change(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    found = {
        path: {method: " ".join(sorted(operation["responses"])) for method, operation in methods.items()}
        for path, methods in document["paths"].items()
    }
    assert found == PATHS
    parts = document["components"]["schemas"]
    assert {name: " ".join(part["properties"]) for name, part in parts.items()} == FIELDS
    assert {name: parts[name]["required"] for name in REQUIRED} == REQUIRED
    for name in ("Article", "Paragraphs"):
        assert parts[name]["examples"] and parts[name]["additionalProperties"] is False
        assert client.post("/label", json=parts[name]["examples"][0]).status_code == 200


DOCUMENT = schemathesis.openapi.from_dict(web.application(stancelib.load()).app.openapi())  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def roomy() -> Iterator[str]:
    """What the document allows at most, a thousand long paragraphs, is more bytes than a server takes."""
    with served(limits=web.Limits(size=1 << 28)) as found:
        yield found


@DOCUMENT.parametrize()
@settings(max_examples=settings().max_examples // 5)
def test_the_server_does_as_its_document_says(case: Any, roomy: str) -> None:
    case.call_and_validate(base_url=roomy)


# Limits.


@pytest.mark.parametrize("path", ["/label", "/page/article"])
def test_a_body_that_is_too_large(small: str, path: str) -> None:
    fits = json.dumps({"text": "x" * (SMALL - 20)})
    assert len(fits) < SMALL and HTTP.post(small + path, content=fits, headers=JSON).status_code == 200
    answer = HTTP.post(small + path, content=f"{fits}{' ' * 100}", headers=JSON)
    assert answer.status_code == 413 and "4,000 bytes" in answer.json()["detail"]
    chunks = HTTP.post(small + path, content=iter([fits.encode()] * 3), headers=JSON)
    assert chunks.request.headers["transfer-encoding"] == "chunked" and chunks.status_code == 413


def head(address: str, *more: str) -> bytes:
    host = address.removeprefix("http://")
    lines = ("POST /label HTTP/1.1", f"Host: {host}", "Content-Type: application/json", *more, "", "")
    return "\r\n".join(lines).encode()


def test_a_huge_body_is_refused_before_it_comes(small: str) -> None:
    for length in (10**10, 10**300):
        assert raw(small, head(small, f"Content-Length: {length}")).startswith((b"HTTP/1.1 413", b"HTTP/1.1 400"))


def test_an_endless_body_is_not_read_to_its_end(small: str) -> None:
    chunk = b"1000\r\n" + b" " * 4096 + b"\r\n"
    answer = raw(small, head(small, "Transfer-Encoding: chunked") + chunk * 9)
    assert answer.startswith(b"HTTP/1.1 413")


def test_a_body_that_does_not_come(small: str) -> None:
    answer = raw(small, head(small, "Content-Length: 100") + b'{"text"')
    assert answer.startswith(b"HTTP/1.1 408") and b"0.3 seconds" in answer
    assert raw(small, head(small, "Content-Length: 100") + b'{"text"', shut=True)[:12] in (b"", b"HTTP/1.1 400")


def test_a_head_that_does_not_end(small: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.2)
    for sent in (b"", b"GET /health HTTP/1.1\r\nHo"):
        with contextlib.suppress(ConnectionResetError):
            assert raw(small, sent) == b""


def test_an_answer_that_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "UNREAD_SECONDS", 0.2)
    ended = threading.Event()
    lost = server._Protocol.connection_lost
    monkeypatch.setattr(server._Protocol, "connection_lost", lambda *given: (lost(*given), ended.set()))
    body = json.dumps({"paragraphs": [f"نفت {n} گاز" for n in range(300)], "explain": True}).encode()
    with served() as address, socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect(("127.0.0.1", int(address.rpartition(":")[2])))
        sock.sendall(head(address, f"Content-Length: {len(body)}") + body)
        assert ended.wait(4)


def test_too_many_and_too_long(client: httpx.Client) -> None:
    many, long = schemas.PARAGRAPHS + 1, "x" * (schemas.CHARACTERS + 1)
    for body in (
        {"paragraphs": ["x"] * many},
        {"text": "نفت گران شد.\n\n" * many},
        {"text": long},
        {"paragraphs": [long]},
    ):
        assert client.post("/label", json=body).status_code == 422
    assert client.post("/page/article", json={"text": "نفت گران شد.\n\n" * many}).status_code == 422
    assert client.post("/label", json={"paragraphs": ["x"] * (many - 1)}).status_code == 200


@pytest.mark.parametrize("nest", [("[", "]"), ('{"a":', "}")])
def test_json_that_is_too_deep(client: httpx.Client, nest: tuple[str, str]) -> None:
    for depth in (9, 100_000):
        answer = client.post("/label", content=nest[0] * depth + "1" + nest[1] * depth, headers=JSON)
        assert answer.status_code == 400 and "nested" in answer.json()["detail"]
    assert client.post("/label", json={"text": r'\"[[[[[[[[[[[[["{{{{{{{{{{{'}).status_code == 200


class Other:
    """A model that does something else when it is asked for labels."""

    def __init__(self, label: Any) -> None:
        self.label = label

    def __getattr__(self, name: str) -> Any:
        return getattr(stancelib.load(), name)


def test_the_server_answers_while_it_labels_and_only_so_many_wait() -> None:
    begun, go_on = threading.Semaphore(0), threading.Event()

    def label(source: str, **options: Any) -> Any:
        begun.release()
        assert go_on.wait(10)
        return stancelib.load().label(source, **options)

    with served(Other(label), limits=web.Limits(at_once=1, waiting=1)) as address:
        codes: list[int] = []
        asking = [
            threading.Thread(target=lambda: codes.append(HTTP.post(f"{address}/label", json={"text": OIL}).status_code))
            for _ in range(3)
        ]
        for thread in asking:
            thread.start()
        try:
            assert begun.acquire(timeout=10)
            assert HTTP.get(f"{address}/health").json() == {"status": "ok"}
            for thread in asking:  # the one that is refused
                thread.join(1)
                if codes:
                    break
            assert codes == [503]
            refused = HTTP.post(f"{address}/page/article", json={"text": OIL})
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            assert not begun.acquire(blocking=False)  # one at a time
        finally:
            go_on.set()
        for thread in asking:
            thread.join()
        assert sorted(codes) == [200, 200, 503]
        assert HTTP.post(f"{address}/label", json={"text": OIL}).status_code == 200


@pytest.mark.parametrize("path", ["/label", "/page/article"])
def test_a_failure_shows_nothing_of_the_inside_or_the_text(
    path: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def label(source: str, **options: Any) -> Any:
        raise RuntimeError(f"can't label {source}")

    with served(Other(label)) as address:
        answer = HTTP.post(address + path, json={"text": OIL})
    assert answer.status_code == 500 and list(answer.json()) == ["detail"]
    assert "RuntimeError" not in answer.text and "Traceback" not in answer.text
    assert "RuntimeError in label" in caplog.text
    for told in (answer.text, caplog.text, *capfd.readouterr()):
        assert "نفت" not in told and "Traceback" not in told


def test_no_text_is_logged(client: httpx.Client, caplog: pytest.LogCaptureFixture, capfd: Any) -> None:
    caplog.set_level(logging.DEBUG)
    for logger in ("uvicorn.error", "uvicorn.access", "stancelib.web", "asyncio"):
        caplog.set_level(logging.DEBUG, logger)
    client.post("/label", json={"text": "secretword نفت"})
    client.post("/label", json={"secretword": "secretword"})
    client.post("/page/article", json={"text": "secretword نفت"})
    mine = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert "secretword" not in "".join(mine) + "".join(capfd.readouterr())


# Strangers.


@pytest.mark.parametrize(
    ("host", "answers"),
    [
        ("localhost", True),
        ("LOCALHOST:80", True),
        ("127.0.0.1:1", True),
        ("[::1]:8000", True),
        ("192.168.7.7", True),
        ("desk.example", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example:8000", False),
        ("evil.example@localhost", False),
        ("localhost:evil", False),
        ("", False),
    ],
)
def test_names_of_other_sites_that_point_here(host: str, answers: bool, named: str) -> None:
    for method, path in (("GET", "/"), ("GET", "/health"), ("POST", "/label")):
        body = '{"text": "x"}'
        sent = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nConnection: close\r\n"
        answer = raw(named, f"{sent}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        assert answer.startswith(b"HTTP/1.1 200" if answers else b"HTTP/1.1 421")


@pytest.fixture(scope="module")
def named() -> Iterator[str]:
    with served(hosts=["desk.example"]) as found:
        yield found


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "HERE"}, 200),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:1"}, 403),
        ({"origin": "HERE.evil.example"}, 403),
        ({"origin": "http://evil.example", "sec-fetch-site": "same-origin"}, 403),
        ({"origin": "HERE", "sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, 403),
    ],
)
def test_pages_of_other_sites(client: httpx.Client, address: str, headers: dict[str, str], status: int) -> None:
    headers = {name: value.replace("HERE", address) for name, value in headers.items()}
    for path in ("/label", "/page/article"):
        answer = client.post(path, json={"text": OIL}, headers=headers)
        assert answer.status_code == status
        assert not [name for name in answer.headers if name.startswith("access-control")]
    followed = "sec-fetch-mode" in headers  # a link from elsewhere
    assert client.get("/model", headers=headers).status_code == (200 if followed else status)


def test_no_preflight_is_granted(client: httpx.Client) -> None:
    asked = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    answer = client.options("/label", headers=asked)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "kind",
    [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", ""],
)
@pytest.mark.parametrize("path", ["/label", "/page/article"])
def test_forms_are_refused(client: httpx.Client, path: str, kind: str | None) -> None:
    headers = {} if kind is None else {"content-type": kind}
    assert client.post(path, content='{"text": "x"}', headers=headers).status_code == 415
    ok = client.post(path, content='{"text": "x"}', headers={"content-type": "Application/JSON; charset=utf-8"})
    assert ok.status_code == 200


def test_every_answer_carries_its_headers(client: httpx.Client) -> None:
    answers = [
        client.get("/"),
        client.get("/health"),
        client.get("/nothing"),
        client.post("/label", json={"text": OIL}),
        client.post("/label", json={}),
        client.post("/label", json={}, headers={"origin": "https://evil.example"}),
        client.post("/page/article", json={"text": OIL}),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 404, 200, 422, 403, 200]
    for answer in answers:
        found = answer.headers
        assert "frame-ancestors 'none'" in found["content-security-policy"]
        assert "default-src 'none'" in found["content-security-policy"]
        assert found["x-frame-options"] == "DENY" and found["x-content-type-options"] == "nosniff"
        assert found["referrer-policy"] == "no-referrer" and found["cache-control"] == "no-store"
        assert found["cross-origin-opener-policy"] == found["cross-origin-resource-policy"] == "same-origin"
        assert "server" not in found
    # The header says all that the page itself says, and more.
    assert answers[0].headers["content-security-policy"].startswith(report.policy(asks=True))
    assert report.policy(asks=True).replace("'", "&#x27;") in answers[0].text
    assert re.findall(r"(?:https?:)?//[\w.]+|@import|url\(|src=|<link", answers[0].text) == []


# The page.


@pytest.fixture
def opened(tab: Any, address: str) -> Any:  # noqa: F811
    tab.goto(address)
    return tab


def labelled(opened: Any, text: str) -> Any:
    opened.fill("#text", text)
    opened.click(".go")
    opened.wait_for_selector("#result article")
    return opened


def test_paste_an_article(opened: Any) -> None:
    assert opened.locator(".topics dt").count() == 3  # before anything is there
    labelled(opened, SEED)
    pars = opened.locator("#result .par")
    expected = stancelib.load().label(SEED)
    assert pars.count() == len(expected) == 9
    assert pars.locator(".text").all_text_contents() == [paragraph.text for paragraph in expected]
    opened.wait_for_selector(".w.for")
    opened.locator("#result summary").first.click()
    opened.wait_for_selector(".why tbody tr")
    assert opened.locator(".why").first.locator("tbody tr").count() > 5
    assert opened.evaluate("document.activeElement.closest('#paragraphs') !== null")
    assert opened.locator(".progress").text_content() == "برچسب‌ها آماده است."
    opened.click("#language")
    shown = opened.locator("main").text_content()
    assert "Bilateral ties" in shown and "Why?" in shown and "The labels are ready." in shown
    left = opened.evaluate("[...document.querySelectorAll('[data-k], [data-n]')].map((e) => e.textContent).join(' ')")
    assert not re.search("[\u0600-\u06ff]", left.replace("فارسی", ""))


def test_hostile_text_stays_text(opened: Any) -> None:
    opened.evaluate("text => { document.getElementById('text').value = text }", HOSTILE.replace("\ud83d", ""))
    opened.evaluate("document.getElementById('text').value += ' \\ud83d نفت'")
    opened.click(".go")
    opened.wait_for_selector(".w")
    text = opened.locator("#result .text").first.text_content()
    assert text.startswith("</script><script>alert(1)</script><img src=x onerror=alert(2)> نفت") and "\ufffd" in text
    assert opened.locator("#result article script, #result article img").count() == 0


def test_again_and_in_english(opened: Any) -> None:
    opened.click("#language")
    labelled(opened, OIL)
    assert "Energy" in opened.locator("#result .labels").text_content()
    opened.click(".clear")
    assert opened.input_value("#text") == "" and "0 words" in opened.locator("#count").text_content()
    opened.click(".example")
    opened.wait_for_selector("#result .par >> nth=5")
    assert opened.input_value("#text") == page.EXAMPLE and opened.locator("#result .par").count() == 6
    assert len({label.topic for p in stancelib.load().label(page.EXAMPLE) for label in p.labels}) == 3


def test_problems_are_said(opened: Any) -> None:
    problem = opened.locator(".problem")
    opened.click(".go")
    assert problem.text_content() == "نخست متنی بچسبانید."
    assert opened.evaluate("document.activeElement.id") == "text"
    opened.fill("#text", "🛢" * (schemas.CHARACTERS + 1))
    assert "بلندتر" in problem.text_content() and "۱۰۰٬۰۰۱" in opened.locator("#count").text_content()
    opened.click("#language")
    assert problem.text_content() == "The text is longer than is allowed; send it in parts."
    opened.fill("#text", OIL)
    assert problem.text_content() == ""
    for status, said in ((503, "busy"), (500, "refused"), (413, "longer"), (422, "thousand")):
        opened.evaluate("status => { window.fetch = async () => new Response('{}', { status }); }", status)
        opened.click(".go")
        opened.wait_for_selector(f".problem:has-text('{said}')")
    opened.evaluate("() => { window.fetch = async () => { throw new TypeError('no'); }; }")
    opened.click(".go")
    opened.wait_for_selector(".problem:has-text('still running')")
    assert opened.locator(".progress").text_content() == "" and opened.input_value("#text") == OIL


def test_progress_is_said_and_one_request_is_sent(opened: Any) -> None:
    opened.evaluate("() => { window.asked = 0; window.fetch = () => new Promise(() => { window.asked += 1; }); }")
    opened.fill("#text", OIL)
    opened.click(".go")
    opened.click(".go")
    assert opened.locator(".progress").text_content() == "در حال برچسب زدن…"
    assert opened.get_attribute(".paste", "aria-busy") == "true" and opened.evaluate("window.asked") == 1


def test_with_the_keyboard_only(opened: Any) -> None:
    for _ in range(9):
        opened.keyboard.press("Tab")
        if opened.evaluate("document.activeElement.id") == "text":
            break
    opened.keyboard.insert_text(f"{OIL}\n\nباران بارید.")
    opened.keyboard.press("Tab")
    opened.keyboard.press("Enter")
    opened.wait_for_selector(".w")
    seen = []
    for _ in range(6):  # from the result on: chips, words, the votes
        opened.keyboard.press("Tab")
        seen.append(opened.evaluate("document.activeElement.className || document.activeElement.tagName"))
    assert {"chip", "SUMMARY"} <= set(seen) and any(name.startswith("w ") for name in seen)
    opened.locator("#text").focus()
    opened.keyboard.press("Control+Enter")
    opened.wait_for_selector("#paragraphs:focus")


@pytest.mark.parametrize("language", ["fa", "en"])
def test_accessible(opened: Any, language: str) -> None:
    if language == "en":
        opened.click("#language")
    assert serious_violations(opened) == []
    labelled(opened, page.EXAMPLE)
    opened.locator("#result summary").first.click()
    opened.fill("#text", "")
    opened.click(".go")
    assert opened.locator(".problem").text_content()
    opened.set_viewport_size({"width": 360, "height": 800})
    assert serious_violations(opened) == []
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")


# The command.

SERVE = "from stancelib.cli import main; main(['serve', '--port', '0'])"


def test_the_command_says_its_address_and_ends_quietly() -> None:
    command = [sys.executable, "-c", SERVE]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stderr.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+/", line)
            assert found, line
            digest = batch.load(None)[2]
            assert HTTP.get(f"{found[0]}model").json()["sha256"] == digest and digest in HTTP.get(found[0]).text
            assert HTTP.post(f"{found[0]}label", json={"text": OIL}).status_code == 200
        finally:
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "", "")


def test_a_port_in_use_and_a_host_that_is_none(run: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, out, err = run("serve", "--port", port)
    assert (code, out) == (1, "") and f"port {port}" in err and "--port 0" in err
    code, _, err = run("serve", "--host", "192.0.2.1", "--port", "0")  # an address of no machine
    assert code == 1 and "192.0.2.1" in err
    assert run("serve", "--port", "99999")[0] == 2


@pytest.mark.parametrize(
    ("host", "warned", "shown"),
    [("127.0.0.1", False, "127.0.0.1"), ("localhost", False, "localhost"), ("0.0.0.0", True, "localhost")],
)
def test_a_host_that_others_reach_is_warned_of(
    run: Any, monkeypatch: pytest.MonkeyPatch, host: str, warned: bool, shown: str
) -> None:
    given: list[Any] = []
    monkeypatch.setattr(web, "serve", lambda app, sock: given.append(app))
    code, _, err = run("serve", "--host", host, "--port", "0")
    assert code == 0 and ("no password" in err) == warned and f"http://{shown}:" in err
    assert host in given[0].hosts and (socket.gethostname().lower() in given[0].hosts) == warned


def test_without_the_extra() -> None:
    code = f"import sys; sys.modules['uvicorn'] = None; {SERVE}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "pip install 'stancelib[web]'" in done.stderr and "Traceback" not in done.stderr
