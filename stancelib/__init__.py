"""stancelib: topics and stances of Persian news paragraphs.

The public names are loaded when they are first used, so that ``import stancelib`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stancelib.errors import StancelibError
    from stancelib.features import PersianTfidfVectorizer
    from stancelib.model import Settings, StanceModel
    from stancelib.records import Label, LabelledParagraph, Paragraph
    from stancelib.shipped import extend
    from stancelib.store import label, load, save
    from stancelib.taxonomy import Taxonomy

__version__ = "0.1.0"

_HOMES = {
    "Label": "records",
    "LabelledParagraph": "records",
    "Paragraph": "records",
    "PersianTfidfVectorizer": "features",
    "Settings": "model",
    "StanceModel": "model",
    "StancelibError": "errors",
    "Taxonomy": "taxonomy",
    "extend": "shipped",
    "label": "store",
    "load": "store",
    "save": "store",
}

__all__ = [
    "Label",
    "LabelledParagraph",
    "Paragraph",
    "PersianTfidfVectorizer",
    "Settings",
    "StanceModel",
    "StancelibError",
    "Taxonomy",
    "__version__",
    "extend",
    "label",
    "load",
    "save",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'stancelib' has no attribute {name!r}")
    value = getattr(import_module(f"stancelib.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
