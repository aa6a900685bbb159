"""hazm's part: its normaliser where a user wants it, and the lemmas that are learned from it at training time."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

from stancelib import text
from stancelib.errors import MissingExtraError

_KEEP_ZWNJ: Final = {ord(a): b for a, b in text.LETTERS.items() if a not in "ئؤأإ"}


def _hazm() -> Any:
    try:
        import hazm
    except ImportError as error:
        raise MissingExtraError("hazm is not installed; install it with: pip install hazm") from error
    return hazm


@functools.cache
def normalizer() -> Callable[[str], str]:
    """hazm's own `Normalizer().normalize`, for ``normalizer="hazm"``.

    Raises:
        MissingExtraError: hazm is not installed.
    """
    normalize: Callable[[str], str] = _hazm().Normalizer().normalize
    return normalize


def of_forms(forms: Mapping[str, str]) -> dict[str, str]:
    """hazm's lemma for every token whose lemma differs from it.

    Args:
        forms: folded token -> the spelling (with ZWNJ) to show hazm, which knows «می‌رود» but not «میرود».

    Returns:
        folded token -> folded lemma; of a verb («رفت#رو») the past stem.
    """
    lemmatize = _hazm().Lemmatizer().lemmatize
    found = {}
    for token, form in forms.items():
        lemma = text.fold(str(lemmatize(form)).split("#")[0]) or token
        if lemma != token:
            found[token] = lemma
    return found


def usual_forms(texts: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """The most frequent spelling of each token that carries a ZWNJ, else the token itself.

    Args:
        texts: raw texts.
        known: the tokens that are asked about.
    """
    counts: dict[str, Counter[str]] = {}
    for one in texts:
        for chunk in one.split():
            if "\u200c" in chunk:
                found = text.words(chunk)
                if len(found) == 1 and found[0] in known:
                    bare = "".join(c for c in chunk.translate(_KEEP_ZWNJ) if c.isalnum() or c == "\u200c")
                    counts.setdefault(found[0], Counter())[bare.strip("\u200c")] += 1
    return {
        token: min(counts[token].items(), key=lambda i: (-i[1], i[0]))[0] if token in counts else token
        for token in known
    }
