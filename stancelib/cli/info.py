"""``stancelib info``: what a model is, how it was trained, how good it is."""

from __future__ import annotations

from pathlib import Path

import click

from stancelib import store


@click.command()
@click.option("--model", "model_file", type=click.Path(path_type=Path), help="A model file instead of the shipped one.")
def command(model_file: Path | None) -> None:
    """Say what a model is: topics, training data, features, scores."""
    model = store.load(model_file)
    table, about = model.table.features, model.about
    click.echo(f"trained on  {about.get('paragraphs')} paragraphs, SHA-256 {about.get('data_sha256')}")
    click.echo(f"features    {len(table.terms)}: words, character n-grams {table.ngram_range[0]}-{table.ngram_range[1]}, "
               f"{len(table.pairs)} word pairs, {len(table.lemmas)} lemmas, {len(table.compounds)} compounds")  # fmt: skip
    click.echo(f"normalizer  {table.normalizer}; counts {table.count}; gazetteer {'yes' if table.gazetteer else 'no'}")
    scores = about.get("out_of_fold", {})
    for number, topic in enumerate(model.taxonomy.topics):
        counts = about.get("stances", {}).get(topic.name, {})
        click.echo(f"\n{topic.name}  {topic.title['en']} / {topic.title['fa']}")
        click.echo(f"  target    {topic.target['en']}")
        click.echo(f"  examples  {', '.join(f'{count} {stance}' for stance, count in counts.items())}")
        probability = model.topic_probabilities(model.threshold[None, :])[0, number]
        click.echo(f"  threshold {probability:.2f}")
        for name, figure in scores.get(topic.name, {}).items():
            click.echo(f"  {name:<15} {figure}")
    if scores:
        click.echo(f"\nThree-fold cross-validation on {scores['paragraphs']} paragraphs, 95% intervals: topic micro-F1 "
                   f"{scores['topic micro-F1']}, stance macro-F1 {scores['stance macro-F1']}. These paragraphs are the "
                   "model's own kind of text: measure it on yours with `stancelib evaluate`.")  # fmt: skip
