"""``stancelib info``: what a model is, how it was trained, how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from stancelib import store
from stancelib.cli.common import PATH, shown
from stancelib.records import STANCES


@click.command()
@click.option("--model", "model_file", type=PATH, help="A model file instead of the shipped one.")
def command(model_file: Path | None) -> None:
    """Say what a model is: topics, training data, features, scores."""
    model = store.load(model_file)
    table, about = model.table.features, model.about
    click.echo(f"trained on  {_said(about, 'paragraphs')} paragraphs, SHA-256 {_said(about, 'data_sha256')}")
    click.echo(f"features    {len(table.terms)}: words, character n-grams {table.ngram_range[0]}-{table.ngram_range[1]}, "
               f"{len(table.pairs)} word pairs, {len(table.lemmas)} lemmas, {len(table.compounds)} compounds")  # fmt: skip
    click.echo(f"normalizer  {table.normalizer}; counts {table.count}; gazetteer {'yes' if table.gazetteer else 'no'}")
    scores, stances = _part(about, "out_of_fold"), _part(about, "stances")
    for number, topic in enumerate(model.taxonomy.topics):
        counts = _part(stances, topic.name)
        click.echo(f"\n{topic.name}  {_short(topic.title['en'])} / {_short(topic.title['fa'])}")
        click.echo(f"  target    {_short(topic.target['en'])}")
        click.echo(f"  examples  {', '.join(f'{_said(counts, s)} {s}' for s in counts if s in STANCES)}")
        probability = model.topic_probabilities(model.threshold[None, :])[0, number]
        click.echo(f"  threshold {probability:.2f}")
        for name in _part(scores, topic.name):
            click.echo(f"  {_short(name):<15} {_said(_part(scores, topic.name), name)}")
    if scores:
        click.echo(f"\nThree-fold cross-validation on {_said(scores, 'paragraphs')} paragraphs, 95% intervals: topic "
                   f"micro-F1 {_said(scores, 'topic micro-F1')}, stance macro-F1 {_said(scores, 'stance macro-F1')}. These "
                   "paragraphs are the model's own kind of text: measure it on yours with `stancelib evaluate`.")  # fmt: skip


# What a model file says about itself isn't checked when it is loaded, as nothing but this depends on it.
_MOST = 300  # characters


def _part(about: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = about.get(key)
    return part if isinstance(part, Mapping) else {}


def _said(about: Mapping[str, Any], key: str) -> str:
    return _short(about.get(key, "unknown"))


def _short(value: object) -> str:
    return shown(str(value)[:_MOST])
