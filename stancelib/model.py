"""StanceModel: fit on labelled paragraphs, label articles. Labelling needs numpy only; scikit-learn comes with `fit`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from stancelib import taxonomy as taxonomies
from stancelib import text
from stancelib.articles import split_paragraphs
from stancelib.errors import InputError, TrainingError
from stancelib.explain import Explanation, explain
from stancelib.hashes import Lines
from stancelib.records import STANCES, TOPIC_COLUMNS, Label, LabelledParagraph, Paragraph
from stancelib.taxonomy import Taxonomy
from stancelib.votes import FeatureTable, VoteTable

if TYPE_CHECKING:
    from stancelib.arrays import Flags, Floats, Ints, NDArray


#: Fewer paragraphs with (or without) a topic than this can't teach it.
MIN_EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class Settings:
    """How a model is trained; the defaults were chosen by benchmarks/ablation.py.

    Args:
        topic_c, stance_c: inverse regularisation strengths.
        stance_pairs: what features of word pairs are multiplied by when stances are learned. Under 1, because the pairs
            that carry a stance in training text are less often met again in real text than its words are.
        features: arguments for `features.PersianTfidfVectorizer` that differ from its defaults.
        prune: how many features are kept, those with the largest |idf * coefficient|; ``None`` keeps all.
    """

    topic_c: float = 10.0
    stance_c: float = 1.0
    stance_pairs: float = 0.5
    features: Mapping[str, Any] = field(default_factory=dict)
    prune: int | None = 125_000


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """What a model says of n paragraphs, as arrays.

    Args:
        found: (n, topics) which topics are there.
        topic: (n, topics) calibrated probability of each.
        stance: (n, topics) index into STANCES of each topic's likeliest stance, whether or not the topic is there.
        stance_score: (n, topics) probability of that stance, given the topic.
        sure: (n, topics) whether that is as much as was asked for.
    """

    found: Flags
    topic: Floats
    stance: Ints
    stance_score: Floats
    sure: Flags


class Labels(list[LabelledParagraph]):
    """The labelled paragraphs of an article: a list that can say why.

    >>> import stancelib
    >>> labels = stancelib.label("صادرات نفت ایران افزایش یافت.")
    >>> [unit.unit for unit, vote in labels.explain()[0].pulls("energy")[:2]]
    ['نفت', 'صادرات نفت']
    """

    def __init__(self, paragraphs: Iterable[LabelledParagraph], model: StanceModel) -> None:
        super().__init__(paragraphs)
        self._model = model

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[type[list[Any]], tuple[list[LabelledParagraph]]]:
        """What is pickled or copied is a plain list, as slices are: a model has megabytes, some labels a few hundred bytes."""
        return list, ([*self],)

    def explain(self) -> list[Explanation]:
        """The scores of each paragraph taken apart into the votes of its words, as `StanceModel.explain` does."""
        return self._model.explain([paragraph.text for paragraph in self])


@dataclass(frozen=True, slots=True, eq=False)
class StanceModel:
    """A trained model: topics with calibrated probabilities, and for each topic a stance.

    ``table`` has the columns topic 1 … topic T, then for each topic its three stances in the order of STANCES.
    ``threshold`` is on the decision value, ``slope`` and ``offset`` turn it into a probability; all are (topics,).
    ``about`` is what `stancelib info` prints: data, settings, versions.

    >>> import stancelib
    >>> model = stancelib.load()
    >>> [label.topic for label in model.label(["صادرات نفت ایران افزایش یافت."])[0].labels]
    ['energy']
    """

    taxonomy: Taxonomy
    table: VoteTable
    threshold: Floats
    slope: Floats
    offset: Floats
    about: Mapping[str, Any]

    @classmethod
    def fit(
        cls,
        paragraphs: Iterable[Paragraph],
        taxonomy: Taxonomy | None = None,
        settings: Settings | None = None,
        real: Iterable[bool] | None = None,
        weights: Iterable[float] | None = None,
    ) -> StanceModel:
        """Train on labelled paragraphs. Deterministic: the same arguments give the same model.

        Args:
            paragraphs: at least ``MIN_EXAMPLES`` with and without each topic, and two stances of each.
            taxonomy: the topics to learn; the shipped three by default.
            settings: how.
            real: for each paragraph whether it is as the text that the model will meet; thresholds and calibration of
                a topic come from these, or from all where fewer than 30 of them have the topic, or don't. All by
                default. Paragraphs off a topic count ``heads.OFF_TOPIC`` times there, as labelled paragraphs are
                mostly chosen for their topics.
            weights: how much each paragraph counts, above 0; 1 by default.

        Raises:
            TrainingError: a topic has too few examples, by name; a paragraph is not annotated, or has a topic that the
                taxonomy hasn't; ``real`` or ``weights`` has another length or nothing that can be used.
        """
        taxonomy = taxonomies.default() if taxonomy is None else taxonomy
        settings = Settings() if settings is None else settings
        gold = list(paragraphs)
        _check(gold, taxonomy)
        weight = np.ones(len(gold)) if weights is None else np.array(list(weights), dtype=np.float64)
        meant = np.ones(len(gold), dtype=bool) if real is None else np.array(list(real), dtype=bool)
        if len(weight) != len(gold) or len(meant) != len(gold):
            raise TrainingError(f"real and weights must have one value for each of the {len(gold)} paragraphs")
        if not (np.isfinite(weight) & (weight > 0)).all():
            raise TrainingError("weights must be numbers above 0")
        if not meant.any():
            raise TrainingError("no paragraph is left to choose thresholds on")
        from stancelib import heads
        from stancelib.features import PersianTfidfVectorizer

        has = np.array([[name in (p.topics or ()) for name in taxonomy.names] for p in gold])
        pairs = heads.StancePairs.of([p.stance for p in gold], taxonomy.names)

        def train(X: Any, scale: Floats, tol: float) -> tuple[Floats, Floats]:
            topics = heads.fit_topics(X, has, settings.topic_c, weight, tol)
            stances = heads.fit_stances(X, pairs, settings.stance_c, weight, scale, tol)
            coef = np.concatenate([topics.coef, stances.coef]).T
            return coef, np.concatenate([topics.intercept, stances.intercept])

        vectorizer = PersianTfidfVectorizer(**settings.features)
        counts = vectorizer.fit_units([p.text for p in gold])
        X = vectorizer.transform_units(counts)
        scale = np.where(vectorizer.of_pairs_, settings.stance_pairs, 1.0)
        if settings.prune is not None and len(vectorizer.vocabulary_) > settings.prune:
            # A feature that says little to every label is dropped, and the rest learn without it.
            coef, _ = train(X, scale, heads.ROUGH)
            largest = np.abs(coef * vectorizer.idf_[:, None]).max(axis=1).round(9)
            kept = np.sort(np.argsort(-largest, kind="stable")[: settings.prune])
            terms = list(vectorizer.vocabulary_)
            vectorizer.idf_ = vectorizer.idf_[kept]
            vectorizer.vocabulary_ = {terms[old]: new for new, old in enumerate(kept)}
            vectorizer.of_pairs_ = vectorizer.of_pairs_[kept]
            scale = scale[kept]
            X = vectorizer.transform_units(counts)
        coef, bias = train(X, scale, heads.EXACT)
        topic_values = heads.topic_values_out_of_fold(X, has, settings.topic_c, weight)
        stance_values = heads.stance_values_out_of_fold(X, pairs, settings.stance_c, weight, scale)
        topics = heads.calibrate_topics(topic_values, has, meant)
        temperature = np.repeat(heads.stance_temperatures(stance_values, pairs, meant), len(STANCES))
        scale = np.concatenate([np.ones(len(taxonomy.names)), temperature])
        coef, bias = coef / scale, bias / scale
        quantised, step = quantise(coef)
        known = vectorizer.vocabulary_
        table = FeatureTable(
            terms=Lines.of(known),
            idf=vectorizer.idf_.astype(np.float64),
            quantised=quantised,
            step=step,
            bias=bias,
            pairs=Lines.of(sorted(pair for pair in vectorizer.pairs_ if pair.replace(" ", "") in known)),
            compounds=vectorizer.compounds_,
            lemmas={token: lemma for token, lemma in sorted(vectorizer.lemmas_.items()) if f"={lemma}" in known},
            ngram_range=(vectorizer.ngram_range[0], vectorizer.ngram_range[1]),
            count=vectorizer.count,
            gazetteer=vectorizer.gazetteer_,
            normalizer=vectorizer.normalizer,
        )
        about = {
            "paragraphs": len(gold),
            "data_sha256": data_hash(gold),
            "settings": asdict(settings),
            "weights": {
                f"{value:g}": int(count) for value, count in zip(*np.unique(weight, return_counts=True), strict=True)
            },
            "stances": {
                name: {stance: sum(p.stance.get(name) == stance for p in gold) for stance in STANCES}
                for name in taxonomy.names
            },
            "out_of_fold": _scores(gold, taxonomy.names, meant, topic_values > topics.threshold, pairs, stance_values),
        }
        return cls(taxonomy, VoteTable(table), topics.threshold, topics.slope, topics.offset, about)

    def score(self, texts: Sequence[str]) -> Floats:
        """Decision values, shape (paragraphs, topics + 3 * topics): the array path, for bulk use.

        Raises:
            InputError: it is one text, a table, or holds something that is no text; says at which position.
        """
        return self.table.scores(text.list_of_texts(texts))

    def topic_probabilities(self, scores: Floats) -> Floats:
        """(paragraphs, topics) calibrated probabilities from `score`'s values."""
        values = scores[:, : len(self.threshold)] * self.slope + self.offset
        result: Floats = 1 / (1 + np.exp(-np.clip(values, -500, 500)))
        return result

    def topics_found(self, scores: Floats, threshold: float | None = None) -> Flags:
        """(paragraphs, topics): which topics are there, by the model's thresholds or a probability of one's own.

        Raises:
            InputError: the threshold is no probability.
        """
        if threshold is not None:
            _check_probability("threshold", threshold)
            return self.topic_probabilities(scores) >= threshold
        found: Flags = scores[:, : len(self.threshold)] > self.threshold
        return found

    def stance_probabilities(self, scores: Floats) -> Floats:
        """(paragraphs, topics, 3) probabilities of the stances, whether or not the topic is there."""
        values = scores[:, len(self.threshold) :].reshape(len(scores), len(self.threshold), len(STANCES))
        values = np.exp(values - values.max(axis=2, keepdims=True))
        result: Floats = values / values.sum(axis=2, keepdims=True)
        return result

    def decide(self, texts: Sequence[str], threshold: float | None = None, stance_threshold: float = 0.0) -> Decisions:
        """Topics and stances of many paragraphs without an object for each.

        Args:
            texts: n paragraphs.
            threshold: a probability from which on a topic is there, instead of the model's own thresholds.
            stance_threshold: a probability from which on a stance is given; MODEL_CARD.md has what that buys.

        Raises:
            InputError: a threshold is no probability.
        """
        _check_probability("stance_threshold", stance_threshold)
        scores = self.score(texts)
        stances = self.stance_probabilities(scores)
        likeliest = stances.max(axis=2)
        return Decisions(
            found=self.topics_found(scores, threshold),
            topic=self.topic_probabilities(scores),
            stance=stances.argmax(axis=2),
            stance_score=likeliest,
            sure=likeliest.round(4) >= stance_threshold,  # as it is shown
        )

    def predict(self, texts: Sequence[str], threshold: float | None = None) -> tuple[Flags, Ints]:
        """What `evaluate.evaluate` compares with gold: the ``found`` and ``stance`` of `decide`."""
        decided = self.decide(texts, threshold)
        return decided.found, decided.stance

    def label(
        self,
        source: str | Iterable[str],
        *,
        doc: str = "",
        threshold: float | None = None,
        stance_threshold: float = 0.0,
    ) -> Labels:
        """Label an article, or paragraphs.

        Args:
            source: one string is an article, split into paragraphs; an iterable of strings is one paragraph each.
            doc: the article's name, passed through.
            threshold: a probability from which on a topic is there, instead of the model's own thresholds.
            stance_threshold: a probability from which on a stance is given; a label under it has none, and the reason.

        Returns:
            One record a paragraph, in order, for either form of ``source``; ``explain()`` of the list says why.

        Raises:
            InputError: a threshold is no probability, or ``source`` is a table or holds something that is no text.
        """
        parts = (
            split_paragraphs(source) if isinstance(source, str) else [("body", p) for p in text.list_of_texts(source)]
        )
        articles = [(doc, None, parts)]
        labelled = self.label_articles(articles, threshold=threshold, stance_threshold=stance_threshold)
        return Labels(labelled[0], self)

    @property
    def label_names(self) -> tuple[str, ...]:
        """The names of `score`'s columns: each topic, then each topic with each stance (``energy:favor``)."""
        topics = self.taxonomy.names
        return (*topics, *(f"{topic}:{stance}" for topic in topics for stance in STANCES))

    def explain(self, texts: Sequence[str]) -> list[Explanation]:
        """Take the scores of paragraphs apart: what each word, pair of words and fact about the paragraph said.

        Args:
            texts: paragraphs.

        Returns:
            One explanation a paragraph; bias and votes add up to what `score` gives.

        Raises:
            InputError: as for `score`.

        >>> import stancelib
        >>> (why,) = stancelib.load().explain(["صادرات نفت ایران افزایش یافت."])
        >>> unit, vote = why.pulls("energy")[0]
        >>> [why.text[start:end] for start, end in unit.spans]
        ['نفت']
        """
        return [explain(self.table, self.label_names, paragraph) for paragraph in text.list_of_texts(texts)]

    def label_articles(
        self,
        articles: Sequence[tuple[str, str | None, Sequence[tuple[str, str]]]],
        *,
        threshold: float | None = None,
        stance_threshold: float = 0.0,
    ) -> list[list[LabelledParagraph]]:
        """Label many articles at once, which is much faster than one by one.

        Args:
            articles: (doc, id, paragraphs as `articles.split_paragraphs` gives them); doc and id are passed through.
            threshold, stance_threshold: as for `label`.

        Returns:
            The labelled paragraphs of each article.
        """
        decided = self.decide([part for _, _, parts in articles for _, part in parts], threshold, stance_threshold)
        arrays = (decided.found, decided.topic, decided.stance, decided.stance_score, decided.sure)
        rows = zip(*(a.tolist() for a in arrays), strict=True)
        names = self.taxonomy.names

        def label(topic: str, score: float, stance: int, stance_score: float, sure: bool) -> Label:
            if sure:
                return Label(topic, score, STANCES[stance], stance_score)
            reason = f"no stance reaches {stance_threshold:g}: {STANCES[stance]} has {stance_score:.4f}"
            return Label(topic, score, None, stance_score, reason)

        return [
            [
                LabelledParagraph(
                    doc=doc,
                    id=name,
                    par=number,
                    kind=kind,
                    text=part,
                    labels=tuple([label(name, *cells) for name, f, *cells in zip(names, *row, strict=True) if f]),
                    scores=dict(zip(names, row[1], strict=True)),
                )
                for (number, (kind, part)), row in zip(enumerate(parts, 1), rows, strict=False)
            ]
            for doc, name, parts in articles
        ]

    def label_frame(
        self, frame: Any, text: str = "text", *, threshold: float | None = None, stance_threshold: float = 0.0
    ) -> Any:
        """A pandas or polars data frame with labels beside its texts; neither library is imported here.

        Args:
            frame: one paragraph a row.
            text: the column with the paragraphs. A row without text (None, NaN) has no topic and no scores.
            threshold: a probability from which on a topic is there, instead of the model's own thresholds.
            stance_threshold: a probability from which on a stance is given.

        Returns:
            The same frame with four columns more for each topic: ``energy`` (whether it is there), ``energy_score``,
            ``energy_stance`` and ``energy_stance_score`` (both missing where the topic isn't there; the stance also
            where its probability is under ``stance_threshold``).

        Raises:
            InputError: there is no such column, it holds something that is no text, a column of that name is there
                already, or ``frame`` is no data frame.

        >>> import pandas, stancelib
        >>> frame = pandas.DataFrame({"text": ["صادرات نفت ایران افزایش یافت."]})
        >>> stancelib.load().label_frame(frame)["energy_stance"].tolist()
        ['neutral']
        """
        if hasattr(frame, "collect"):
            raise InputError("a lazy frame can't be labelled: collect() it first")
        if not hasattr(frame, "columns") or not (hasattr(frame, "assign") or hasattr(frame, "with_columns")):
            raise InputError(f"a data frame is wanted, not {type(frame).__name__}")
        names = list(frame.columns)
        if names.count(text) > 1:
            raise InputError(f"there are {names.count(text)} columns {text!r}; rename all but one")
        if text not in names:
            raise InputError(f"no column {text!r}; there are: {', '.join(map(str, names))}")
        columns = self.label_columns(list(frame[text]), threshold=threshold, stance_threshold=stance_threshold)
        if taken := [name for name in columns if name in names]:
            raise InputError(f"the column {taken[0]!r} is there already; rename it, its place is needed")
        series = type(frame[text])
        if hasattr(frame, "with_columns"):  # polars
            return frame.with_columns(*[series(name, values).cast(kind) for name, (kind, values) in columns.items()])
        # Named, because pandas before and after 3 infers different types from the same values.
        types = {bool: "bool", float: "float64", str: "string"}
        return frame.assign(
            **{n: series(values, index=frame.index, dtype=types[kind]) for n, (kind, values) in columns.items()}
        )

    def label_columns(
        self, texts: Sequence[str | None], *, threshold: float | None = None, stance_threshold: float = 0.0
    ) -> dict[str, tuple[type, list[Any]]]:
        """`label_frame`'s columns, each with its type, for texts of which some may be missing (None or NaN).

        Raises:
            InputError: something is neither text nor missing; says which, counted from 0.
        """
        there = [(n, value) for n, value in enumerate(texts) if isinstance(value, str)]
        if len(there) < len(texts) and (
            bad := [n for n, v in enumerate(texts) if not (isinstance(v, str) or _missing(v))]
        ):
            raise InputError(f"row {bad[0]} holds {str(texts[bad[0]])[:50]}, which is no text")
        decided = self.decide([value for _, value in there], threshold, stance_threshold)
        columns: dict[str, tuple[type, list[Any]]] = {}
        for k, name in enumerate(self.taxonomy.names):
            found = decided.found[:, k].tolist()
            given = (decided.found & decided.sure)[:, k].tolist()
            stances = [STANCES[n] if g else None for n, g in zip(decided.stance[:, k].tolist(), given, strict=True)]
            sure = [s if f else None for s, f in zip(decided.stance_score[:, k].tolist(), found, strict=True)]
            every = (found, decided.topic[:, k].tolist(), stances, sure)
            for (suffix, kind), values in zip(TOPIC_COLUMNS, every, strict=True):
                column: list[Any] = [False if kind is bool else None] * len(texts)
                for (n, _), value in zip(there, values, strict=True):
                    column[n] = value
                columns[f"{name}{suffix}"] = kind, column
        return columns


def _check_probability(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise InputError(f"{name} is {value}; allowed: 0 to 1")


def _missing(value: object) -> bool:
    return value is None or str(value) in ("nan", "<NA>", "NaT")


def quantise(coef: Floats) -> tuple[NDArray[np.int16], Floats]:
    """(features, labels) coefficients in 16 bits, as multiples of 1/32767 of each label's largest, and those steps."""
    step: Floats = np.maximum(np.abs(coef).max(axis=0), 1e-12) / 32767
    return np.round(coef / step).astype(np.int16), step


def data_hash(paragraphs: Iterable[Paragraph]) -> str:
    """SHA-256 over texts and labels in order: what a model was trained on, in 64 characters."""
    digest = hashlib.sha256()
    for p in paragraphs:
        line = json.dumps([p.text, sorted(p.stance.items()), p.topics is None], ensure_ascii=False)
        digest.update(line.encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()


def _scores(
    gold: Sequence[Paragraph],
    names: Sequence[str],
    meant: Flags,
    found: Flags,
    pairs: Any,
    stance_values: Floats,
) -> Mapping[str, Any]:
    """How good the model was in cross-validation on the paragraphs that stand for the text it will meet."""
    from stancelib.evaluate import evaluate

    stances = np.zeros(found.shape, dtype=np.int64)
    stances[pairs.row, pairs.topic] = stance_values.argmax(axis=1)
    result = evaluate(
        [p for p, m in zip(gold, meant, strict=True) if m], names, found[meant], stances[meant], rounds=200
    )
    return {
        "paragraphs": result.paragraphs,
        "topic micro-F1": str(result.micro_f1),
        "stance macro-F1": str(result.stance_pooled),
        **{name: {"F1": str(result.topics[name]["f1"]), "stance macro-F1": str(result.stance[name]["macro_f1"])}
           for name in names},
    }  # fmt: skip


def _check(gold: Sequence[Paragraph], taxonomy: Taxonomy) -> None:
    if bare := [p for p in gold if p.topics is None]:
        raise TrainingError(f"{len(bare)} paragraphs are not annotated (no topics), the first is {bare[0].id!r}")
    if foreign := [(p.id, topic) for p in gold for topic in p.topics or () if topic not in taxonomy.names]:
        raise TrainingError(
            f"paragraph {foreign[0][0]!r} has the topic {foreign[0][1]!r}; allowed: {', '.join(taxonomy.names)}"
        )
    for name in taxonomy.names:
        stances = [p.stance[name] for p in gold if name in p.stance]
        if len(stances) < MIN_EXAMPLES or len(gold) - len(stances) < MIN_EXAMPLES:
            raise TrainingError(
                f"topic {name!r} has {len(stances)} paragraphs with it and {len(gold) - len(stances)} without; "
                f"at least {MIN_EXAMPLES} of each are needed"
            )
        if len(set(stances)) < 2:
            raise TrainingError(f"topic {name!r} has the stance {stances[0]!r} only; at least two stances are needed")
