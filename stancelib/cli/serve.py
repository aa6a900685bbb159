"""``stancelib serve``: the page and the REST API, on this machine."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from pathlib import Path

import click

from stancelib import batch
from stancelib.cli.common import say
from stancelib.cli.options import model_options, stance_threshold
from stancelib.errors import InputError


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The name or address to listen at.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes one that is free."
)
@model_options
@stance_threshold
def command(host: str, port: int, model_file: Path | None, threshold: float | None, stance_threshold: float) -> None:
    """Serve a web page that labels what is pasted into it, and a REST API.

    Open the address that is shown. Programs send {"text": "…"} or {"paragraphs": ["…"]} as JSON to POST /label;
    /openapi.json describes it. No text that is sent is logged or stored. There is no password: whoever reaches the port
    can use it, so by default that is this machine only. Pages of other sites are refused.
    """
    from stancelib import web

    model, _, digest = batch.load(model_file)
    try:
        listening = web.listen(host, port)
    except OSError as error:
        reason = str(error.strerror or error).partition(" (")[0]  # Python repeats the address
        raise InputError(f"can't listen at {host}, port {port}: {reason}; {_ADVICE}") from error
    address, port = listening.getsockname()[:2]
    app = web.application(
        model, digest, hosts=_names(host, address), threshold=threshold, stance_threshold=stance_threshold
    )
    if not ipaddress.ip_address(address).is_loopback:
        say(f"warning: other machines can reach {address}, and there is no password")
    say(f"open http://{_shown(host)}:{port}/ in a browser; Ctrl-C ends it. No text that is sent is logged or stored.")
    with contextlib.suppress(KeyboardInterrupt), listening:
        web.serve(app, listening)


_ADVICE = "--port gives another port, --port 0 one that is free; --host must be a name or address of this machine"


def _names(host: str, address: str) -> set[str]:
    names = {host.lower()}
    if ipaddress.ip_address(address).is_unspecified:
        names.add(socket.gethostname().lower())
    return names


def _shown(host: str) -> str:
    """A host as a URL has it."""
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(host)
        if address.is_unspecified:
            return "localhost"
        if address.version == 6:
            return f"[{host}]"
    return host
