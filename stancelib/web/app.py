"""The application: a page, and a REST API that its OpenAPI document describes. It keeps and logs nothing that it is sent."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Body, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.routing import APIRoute

import stancelib
from stancelib import report
from stancelib.markup import Markup
from stancelib.model import Labels, StanceModel
from stancelib.web import page, schemas
from stancelib.web.guard import FAILED, Guard

_Result = TypeVar("_Result")
_DESCRIPTION = (
    "Labels paragraphs of Persian news by topic and by stance toward each topic's target, with the exact votes of their "
    "words. No text that is sent is logged or stored. Requests from pages of other sites are refused; POST takes "
    "`application/json` only."
)
_REASONS = {
    400: "No JSON, nested too deep, or cut short.",
    403: "The request comes from a page of another site.",
    408: "The body took too long to arrive.",
    413: "The body is too large.",
    415: "The body is not application/json.",
    421: "The Host header is not a name of this server.",
    422: "The JSON is not as described; `detail` says where.",
    500: "The server failed.",
    503: "Too many requests wait already; try again after the seconds in Retry-After.",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one server takes.

    Args:
        size: bytes of a body. A Persian letter takes two, or six where JSON is kept to ASCII.
        seconds: how long a body may take to arrive.
        at_once: how many texts are labelled at a time; more than one only shares the processor between them.
        waiting: how many may wait for that; those after them are told to come again.
    """

    size: int = 1 << 20
    seconds: float = 10.0
    at_once: int = 2
    waiting: int = 32


def application(
    model: StanceModel,
    digest: str = "",
    *,
    hosts: Collection[str] = (),
    threshold: float | None = None,
    stance_threshold: float = 0.0,
    limits: Limits | None = None,
) -> Guard:
    """The server as an ASGI application.

    Args:
        model: labels what is sent.
        digest: SHA-256 of its file, to be shown.
        hosts: names by which the server may be called, besides localhost and any IP address.
        threshold, stance_threshold: as `StanceModel.label` has them, where a request does not say.
        limits: what it takes.

    >>> import asyncio, httpx, stancelib
    >>> server = httpx.ASGITransport(application(stancelib.load()))
    >>> async def ask():
    ...     async with httpx.AsyncClient(transport=server, base_url="http://localhost") as client:
    ...         return await client.post("/label", json={"text": "صادرات نفت ایران افزایش یافت."})
    >>> asyncio.run(ask()).json()["paragraphs"][0]["labels"][0]["topic"]
    'energy'
    """
    limits = limits or Limits()
    worker = _Worker(limits)
    app = FastAPI(
        title="stancelib",
        version=stancelib.__version__,
        description=_DESCRIPTION,
        openapi_url="/openapi.json",
        # FastAPI's pages load their scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # What a field's default is makes it no field of every answer.
        separate_input_output_schemas=False,
    )
    app.router.route_class = _JsonOnly
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _failed)
    shown = page.page(model, digest)
    policy = {"content-security-policy": f"{report.policy(asks=True)}; frame-ancestors 'none'"}
    about = _about(model, digest, limits)

    def labelled(source: str | Sequence[str], asked_threshold: float | None, asked_stance: float | None) -> Labels:
        found = model.label(
            source,
            threshold=threshold if asked_threshold is None else asked_threshold,
            stance_threshold=stance_threshold if asked_stance is None else asked_stance,
        )
        if len(found) > schemas.PARAGRAPHS:
            raise HTTPException(422, f"the text has more than {schemas.PARAGRAPHS:,} paragraphs; send it in parts")
        return found

    @app.get("/", include_in_schema=False)
    async def root() -> Response:
        return HTMLResponse(shown, headers=policy)

    @app.post("/page/article", include_in_schema=False)
    async def article(pasted: schemas.Pasted) -> Response:
        def work() -> Markup:
            return page.result(labelled(pasted.text, None, None), model)

        return HTMLResponse(await worker.run(work))

    @app.post("/label", response_model=schemas.Labelled, responses=_problems(400, 408, 413, 415, 422, 503))
    async def label(asked: Annotated[schemas.Asked, Body()]) -> Response:
        """Label an article, or paragraphs. Each object is as a line of `stancelib label --format jsonl`."""
        source = asked.text if isinstance(asked, schemas.Article) else asked.paragraphs

        def work() -> bytes:
            found = labelled(source, asked.threshold, asked.stance_threshold)
            rows = [paragraph.as_dict() for paragraph in found]
            if asked.explain:
                rows = [row | {"explanation": why.as_dict()} for row, why in zip(rows, found.explain(), strict=True)]
            return bytes(JSONResponse({"paragraphs": rows}).body)  # encoded here, not on the event loop

        return Response(await worker.run(work), media_type="application/json")

    @app.get("/model", response_model=schemas.About, responses=_problems())
    async def model_() -> Response:
        """The model: topics, what a stance is toward, thresholds, and the limits of a request."""
        return JSONResponse(about)

    @app.get("/health", response_model=schemas.Health, responses=_problems())
    async def health() -> Response:
        """Whether the server answers; it does so while it labels."""
        return JSONResponse({"status": "ok"})

    return Guard(app, hosts, limits.size, depth=8, seconds=limits.seconds)


class _JsonOnly(APIRoute):
    """A form of another site can send any body, but only as a form or plain text."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if request.method == "POST" and kind != "application/json":
                raise HTTPException(415, "the body must be application/json")
            return await handle(request)

        return checked


class _Worker:
    """Labels off the event loop, a few texts at a time; a bounded number waits."""

    def __init__(self, limits: Limits) -> None:
        self._pool = ThreadPoolExecutor(limits.at_once, thread_name_prefix="label")
        self._places = threading.BoundedSemaphore(limits.at_once + limits.waiting)

    async def run(self, work: Callable[[], _Result]) -> _Result:
        if not self._places.acquire(blocking=False):
            raise HTTPException(503, "too many requests wait already; try again", headers={"Retry-After": "1"})
        future = self._pool.submit(work)
        future.add_done_callback(lambda _: self._places.release())  # also where nobody waits for it any more
        return await asyncio.wrap_future(future)


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {
        status: {"model": schemas.Problem, "description": _REASONS[status]} for status in (403, *statuses, 421, 500)
    }


async def _invalid(request: Request, error: Exception) -> Response:
    """What is wrong and where, without what was sent."""
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        return JSONResponse({"detail": "the body is not JSON"}, 400)
    told = []
    first = 2 if request.url.path == "/label" else 1  # after "body", and which of its two forms it was taken for
    for one in found[:3]:
        place = ".".join(ascii(str(part)[:40])[1:-1] for part in one["loc"][first:])
        told.append(f"{place}: {one['msg']}" if place else one["msg"])
    more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
    return JSONResponse({"detail": "; ".join(told) + more}, 422)


async def _failed(request: Request, error: Exception) -> Response:
    return JSONResponse({"detail": FAILED}, 500)


def _about(model: StanceModel, digest: str, limits: Limits) -> dict[str, Any]:
    thresholds = model.topic_probabilities(model.threshold[None, :])[0].tolist()
    return {
        "version": stancelib.__version__,
        "sha256": digest,
        "topics": model.taxonomy.as_dict()["topic"],
        "thresholds": {name: round(value, 4) for name, value in zip(model.taxonomy.names, thresholds, strict=True)},
        "limits": {"bytes": limits.size, "characters": schemas.CHARACTERS, "paragraphs": schemas.PARAGRAPHS},
    }
