"""A server for one machine or one team: a page that labels what is pasted into it, and the same as a REST API."""

from __future__ import annotations

from stancelib.errors import MissingExtraError

try:
    import fastapi  # noqa: F401
    import uvicorn  # noqa: F401
except ImportError as error:
    raise MissingExtraError(
        f"the web server needs fastapi and uvicorn ({error}); install them with: pip install 'stancelib[web]'"
    ) from error

from stancelib.web.app import Limits, application
from stancelib.web.server import listen, serve

__all__ = ["Limits", "application", "listen", "serve"]
