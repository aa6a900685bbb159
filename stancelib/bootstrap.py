"""Starting without labels: an archive and lists of terms -> weak labels -> labels good enough to train a first model on.

Terms vote on each paragraph or leave it open, as labelling functions do in data programming (Ratner et al. 2016). A model
that has not learned from a paragraph then looks at it again: where terms and model
contradict each other the paragraph is left out (confident learning, Northcutt et al. 2021), what the terms left open the
model decides where it is sure (Yarowsky 1995). Training needs scikit-learn.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from stancelib import taxonomy as taxonomies
from stancelib import text
from stancelib.errors import TaxonomyError, TrainingError
from stancelib.model import Settings, StanceModel
from stancelib.records import STANCES, Paragraph
from stancelib.taxonomy import Taxonomy

if TYPE_CHECKING:
    from stancelib.arrays import Flags, Floats, Ints

_TOPIC_KEYS = ("strong", "terms", "not")
_STANCE_KEYS = ("favor", "against")

#: A term of more words than this is a sentence.
MOST_WORDS = 6

#: So many different ordinary terms make a topic.
ENOUGH_TERMS = 2


class Lexicon:
    """Terms of several kinds, found in tokens from the left, the longest first.

    A term's words may stand in the text joined, with ZWNJ or with spaces; after a ``*`` its last word may go on.

    Args:
        kinds: kind -> terms.

    >>> lexicon = Lexicon({"energy": ["نفت*", "آتش‌بس"], "not": ["نفت چراغ"]})
    >>> lexicon.find(text.tokens("نفتی، نفت چراغ، آتش بس"))
    [('energy', 'نفت*', 0, 1), ('not', 'نفت چراغ', 1, 3), ('energy', 'آتش‌بس', 3, 5)]
    """

    def __init__(self, kinds: Mapping[str, Iterable[str]]) -> None:
        self._exact: dict[str, tuple[str, str]] = {}
        self._prefixes: dict[str, tuple[str, str]] = {}
        for kind, terms in kinds.items():
            for term in terms:
                table = self._prefixes if term.rstrip().endswith("*") else self._exact
                table.setdefault("".join(text.tokens(term)), (kind, term))
        self._lengths = sorted({len(key) for key in self._prefixes}, reverse=True)
        self._begins = {key[:size] for key in {**self._exact, **self._prefixes} for size in range(1, len(key) + 1)}
        self._may_begin: dict[str, bool] = {}

    def find(self, tokens: Sequence[str]) -> list[tuple[str, str, int, int]]:
        """(kind, term, first token, token after the last) of each term that is found; none overlaps another."""
        found, position = [], 0
        while position < len(tokens):
            best = self._at(tokens, position) if self._begins_here(tokens[position]) else None
            if best is not None:
                found.append(best)
            position = best[3] if best is not None else position + 1
        return found

    def _begins_here(self, token: str) -> bool:
        known = self._may_begin.get(token)
        if known is None:
            known = token in self._begins or any(token[:size] in self._prefixes for size in self._lengths)
            if len(self._may_begin) < 1_000_000:
                self._may_begin[token] = known
        return known

    def _at(self, tokens: Sequence[str], start: int) -> tuple[str, str, int, int] | None:
        best, joined = None, ""
        for end in range(start, min(start + MOST_WORDS, len(tokens))):
            before, joined = len(joined), joined + tokens[end]
            hit = self._exact.get(joined) or next(
                (
                    self._prefixes[joined[:size]]
                    for size in self._lengths
                    if before < size <= len(joined) and joined[:size] in self._prefixes
                ),
                None,
            )
            best = (*hit, start, end + 1) if hit else best
            if joined not in self._begins:
                break
        return best


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """The topics and, for each by name, the lexicon of its kinds strong, terms and not, and that of its stances."""

    taxonomy: Taxonomy
    topics: Mapping[str, Lexicon]
    stances: Mapping[str, Lexicon]

    @classmethod
    def join(cls, several: Sequence[Terms]) -> Terms:
        """The topics of several files in order.

        Raises:
            TaxonomyError: a topic stands in two, or the names of two would give a table the same columns.
        """
        topics = [topic for one in several for topic in one.taxonomy.as_dict()["topic"]]
        return cls(
            taxonomies.from_dict({"topic": topics}, "terms"),
            {name: lexicon for one in several for name, lexicon in one.topics.items()},
            {name: lexicon for one in several for name, lexicon in one.stances.items()},
        )


def parse(toml: str, where: str, read_taxonomy: Callable[[str], Taxonomy]) -> Terms:
    """The text of a terms file; seeds/terms/energy.toml says what one holds.

    Args:
        toml: the text.
        where: the file's name, for the errors.
        read_taxonomy: gives the taxonomy that stands at the path which the file names.

    Raises:
        TaxonomyError: it is not TOML, a key is missing, unknown or of the wrong kind, or a term has no word.

    >>> terms = parse('taxonomy = "x"\\n[[topic]]\\nname = "gaza"\\nstrong = ["غزه"]\\nfavor = ["حمایت"]\\nagainst = ["حمله"]',
    ...               "terms", lambda path: taxonomies.default())
    >>> terms.taxonomy.names
    ('gaza',)
    """
    try:
        data = tomllib.loads(toml)
    except (ValueError, RecursionError) as error:
        raise TaxonomyError(f"{where}: not TOML: {error}") from error
    tables, path = data.get("topic"), data.get("taxonomy")
    if not isinstance(tables, list) or not tables or set(data) - {"topic", "taxonomy"}:
        raise TaxonomyError(
            f"{where}: a terms file is one or more [[topic]] tables and perhaps taxonomy = a file's name"
        )
    if not (path is None or isinstance(path, str)) or not all(isinstance(table, dict) for table in tables):
        raise TaxonomyError(f"{where}: taxonomy must be the name of a file, and each [[topic]] a table")
    keys = (*_TOPIC_KEYS, *_STANCE_KEYS)
    bare = [{key: value for key, value in table.items() if key not in keys} for table in tables]
    if path is not None:
        known = {topic["name"]: topic for topic in read_taxonomy(path).as_dict()["topic"]}
        if strange := [table for table in bare if set(table) != {"name"} or table["name"] not in [*known]]:
            raise TaxonomyError(
                f"{where}: with a taxonomy a topic has its name and {', '.join(keys)}; names: {', '.join(known)}; "
                f"here is {str(strange[0])[:80]}"
            )
        bare = [known[table["name"]] for table in bare]
    taxonomy = taxonomies.from_dict({"topic": bare}, where)
    lexicons = [
        _lexicons(table, f"{where}: {topic.name}") for table, topic in zip(tables, taxonomy.topics, strict=True)
    ]
    return Terms(
        taxonomy,
        {name: topic for name, (topic, _) in zip(taxonomy.names, lexicons, strict=True)},
        {name: stance for name, (_, stance) in zip(taxonomy.names, lexicons, strict=True)},
    )


def _lexicons(table: Mapping[str, Any], where: str) -> tuple[Lexicon, Lexicon]:
    lists = {key: table.get(key, []) for key in (*_TOPIC_KEYS, *_STANCE_KEYS)}
    for key, terms in lists.items():
        if not isinstance(terms, list) or not all(isinstance(term, str) for term in terms):
            raise TaxonomyError(f"{where}: {key} must be a list of terms")
        if bad := [term for term in terms if not 1 <= len(text.words(term)) <= MOST_WORDS or "*" in term.rstrip()[:-1]]:
            raise TaxonomyError(
                f"{where}: {bad[0]!r} in {key}; a term is 1 to {MOST_WORDS} words, and perhaps a * at its end"
            )
    if len({*lists["strong"], *lists["terms"]}) < ENOUGH_TERMS and not lists["strong"]:
        raise TaxonomyError(f"{where}: strong must have a term, or terms at least {ENOUGH_TERMS}")
    if not (lists["favor"] or lists["against"]):
        raise TaxonomyError(f"{where}: there is no term in favor or against, so no stance could be learned")
    return Lexicon({key: lists[key] for key in _TOPIC_KEYS}), Lexicon({key: lists[key] for key in _STANCE_KEYS})


#: What terms say of a topic: it is there, it isn't, or they leave it open.
YES, OPEN, NO = 1, 0, -1


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """What terms say of n paragraphs.

    Args:
        topic: (n, topics) YES where a strong term is found or ``ENOUGH_TERMS`` different ones, OPEN where one is, else NO.
        sides: (n, topics, 2) how many different terms are for and against.
    """

    topic: Ints
    sides: Ints

    def stances(self) -> Ints:
        """(n, topics) index into STANCES of the side with more terms, neutral where there is none or as many."""
        favor, against = self.sides[:, :, 0], self.sides[:, :, 1]
        sides = [STANCES.index(stance) for stance in ("favor", "against", "neutral")]
        found: Ints = np.where(favor > against, sides[0], np.where(against > favor, sides[1], sides[2]))
        return found

    def stance_is_open(self) -> Flags:
        """(n, topics) whether there are terms of both sides."""
        both: Flags = (self.sides > 0).all(axis=2)
        return both


def vote(texts: Sequence[str], terms: Terms) -> Votes:
    """Let terms vote on paragraphs; these are the terms alone, without anything learned."""
    names = terms.taxonomy.names
    topic = np.full((len(texts), len(names)), NO)
    sides = np.zeros((len(texts), len(names), 2), dtype=np.int64)
    for row, paragraph in enumerate(texts):
        tokens = text.tokens(paragraph)
        for k, name in enumerate(names):
            topic[row, k] = _topic_vote(terms.topics[name], tokens)
            found = {(kind, term) for kind, term, _, _ in terms.stances[name].find(tokens)}
            sides[row, k] = [sum(kind == side for kind, _ in found) for side in _STANCE_KEYS]
    return Votes(topic, sides)


def _topic_vote(lexicon: Lexicon, tokens: Sequence[str]) -> int:
    found = {(kind, term) for kind, term, _, _ in lexicon.find(tokens) if kind != "not"}
    if len(found) >= ENOUGH_TERMS or any(kind == "strong" for kind, _ in found):
        return YES
    return OPEN if found else NO


#: What of an archive is learned from: so many paragraphs with a term and as many without, drawn evenly.
SAMPLE = 7_000


def draw(paragraphs: Iterable[Paragraph], terms: Terms, most: int = SAMPLE) -> list[Paragraph]:
    """Draw paragraphs from an archive of any length, read once in constant memory; none is drawn twice.

    Args:
        paragraphs: of the archive.
        terms: with any of these, or with none.
        most: how many of either kind, drawn evenly (reservoir sampling, Vitter 1985).
    """
    draws = np.random.default_rng(0)
    pools: tuple[list[Paragraph], list[Paragraph]] = [], []
    drawn: set[str] = set()
    counts = [0, 0]
    for paragraph in paragraphs:
        if paragraph.text in drawn:
            continue
        tokens = text.tokens(paragraph.text)
        which = int(any(_topic_vote(lexicon, tokens) != NO for lexicon in terms.topics.values()))
        counts[which] += 1
        if len(pools[which]) < most:
            pools[which].append(paragraph)
        elif (place := int(draws.integers(counts[which]))) < most:
            drawn.remove(pools[which][place].text)
            pools[which][place] = paragraph
        else:
            continue
        drawn.add(paragraph.text)
    return [*pools[1], *pools[0]]


#: The least that terms must find of a topic, and of two of its stances.
MIN_FOUND, MIN_STANCE = 50, 10

# The share of what terms leave open that has the topic, to begin with. An open paragraph is learned from as both, by these
# shares: an expected loss, as where labels are probabilities (Ratner et al. 2016). Left out, it would teach nothing of the
# words that a topic shares with its neighbours, and they would be taken for the topic.
_OPEN_SHARE = 0.35

# Of log odds from cross-validation: what an open paragraph must have to be decided, and from where on the model's
# contradiction throws a voted one out.
_SURE, _CONTRADICTED = 1.0, 2.0

_C, _FOLDS = 1.0, 3


def weak_labels(paragraphs: Sequence[Paragraph], terms: Terms) -> list[Paragraph]:
    """Label paragraphs by terms and by a model that learns from them.

    Args:
        paragraphs: an unlabelled sample, as `draw` gives it.
        terms: the terms.

    Returns:
        Those paragraphs of which every topic could be decided, in order, with weak labels and ids of their own: a first
        model's training set, not gold.

    Raises:
        TrainingError: terms find too few paragraphs of a topic, or of its stances; says how many are needed.
    """
    texts = [paragraph.text for paragraph in paragraphs]
    votes = vote(texts, terms)
    names = terms.taxonomy.names
    stances, open_stance = votes.stances(), votes.stance_is_open()
    _enough(votes, names)
    from stancelib.features import PersianTfidfVectorizer

    X = PersianTfidfVectorizer().fit_transform(texts)
    keep = np.ones(len(texts), dtype=bool)
    has = votes.topic == YES
    for k, voted in enumerate(votes.topic.T):
        share = np.select([voted == YES, voted == NO], [1.0, 0.0], _OPEN_SHARE)
        odds = _out_of_fold(X, share)
        has[:, k] |= (voted == OPEN) & (odds > 0)
        keep &= np.select(
            [voted == YES, voted == NO], [odds > -_CONTRADICTED, odds < _CONTRADICTED], np.abs(odds) > _SURE
        ).astype(bool)
    keep &= ~(has & open_stance).any(axis=1)
    found = []
    for row in np.flatnonzero(keep):
        there = [k for k in range(len(names)) if has[row, k]]
        stance = {names[k]: STANCES[stances[row, k]] for k in there}
        found.append(replace(paragraphs[row], id=f"weak-{row + 1}", topics=tuple(stance), stance=stance))
    return found


# Weak stances are noisy: a classifier that is held back more follows its terms less to the letter.
_STANCE_C = 0.1


def fit(labelled: Sequence[Paragraph], terms: Terms) -> StanceModel:
    """Train on weak labels.

    Each paragraph that terms gave a side is learned from a second time with these terms cut out, so that the model learns
    what else such voices say, not just the terms again (seed deletion, Dong et al. 2023).

    Args:
        labelled: from `weak_labels`.
        terms: those that the labels come from.

    Raises:
        TrainingError: as `StanceModel.fit`.
    """
    without = [replace(p, text=cut) for p in labelled if (cut := _cut(p, terms)) != p.text]
    real = [True] * len(labelled) + [False] * len(without)
    return StanceModel.fit([*labelled, *without], terms.taxonomy, Settings(stance_c=_STANCE_C), real=real)


def _cut(paragraph: Paragraph, terms: Terms) -> str:
    """The text without the stance terms of the topics that it has."""
    places = text.token_spans(paragraph.text) if paragraph.topics else []
    tokens = [token for token, _, _ in places]
    found = {hit[2:] for topic in paragraph.topics or () for hit in terms.stances[topic].find(tokens)}
    gone = sorted({n for first, end in found for n in range(first, end)})
    begins = [0, *(places[n][2] for n in gone)]
    ends = [*(places[n][1] for n in gone), len(paragraph.text)]
    return " ".join(paragraph.text[begin:end] for begin, end in zip(begins, ends, strict=True))


def _enough(votes: Votes, names: Sequence[str]) -> None:
    stances = np.where(votes.stance_is_open(), -1, votes.stances())
    for k, name in enumerate(names):
        there = votes.topic[:, k] == YES
        if min(there.sum(), (votes.topic[:, k] == NO).sum()) < MIN_FOUND:
            raise TrainingError(
                f"topic {name!r}: its terms find {there.sum()} paragraphs, and nothing of it in "
                f"{(votes.topic[:, k] == NO).sum()}; at least {MIN_FOUND} of each are needed: give more of the archive, "
                "or more terms"
            )
        counts = {stance: int((stances[there, k] == n).sum()) for n, stance in enumerate(STANCES)}
        if sum(count >= MIN_STANCE for count in counts.values()) < 2:
            shown = ", ".join(f"{count} {stance}" for stance, count in counts.items())
            raise TrainingError(
                f"topic {name!r}: its terms find {shown}; of two stances at least {MIN_STANCE} each are needed: give more "
                "of the archive, or more terms for favor and against"
            )


def _out_of_fold(X: Any, share: Floats) -> Floats:
    """(n,) log odds of a topic from models that have not learned from the paragraph; ``share`` is its expected label."""
    import scipy.sparse as sp

    from stancelib import heads

    fold = np.random.default_rng(0).integers(0, _FOLDS, len(share))
    odds = np.zeros(len(share))
    for n in range(_FOLDS):
        yes, no = np.flatnonzero((fold != n) & (share > 0)), np.flatnonzero((fold != n) & (share < 1))
        label = np.repeat([True, False], [len(yes), len(no)])
        weight = np.concatenate([share[yes], 1 - share[no]])
        head = heads.fit_topics(sp.vstack([X[yes], X[no]]).tocsr(), label[:, None], _C, weight, heads.ROUGH)
        odds[fold == n] = X[fold == n] @ head.coef[0] + head.intercept[0]
    return odds
