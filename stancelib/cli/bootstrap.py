"""``stancelib bootstrap``: an unlabelled archive and lists of terms in, a first model out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click

from stancelib import bootstrap, corpus, exchange, files, store
from stancelib.articles import split_paragraphs
from stancelib.cli.archive import Archive
from stancelib.cli.common import PATH, require_place, say
from stancelib.cli.labels import form_of, read_taxonomy, tell_model, tell_report
from stancelib.cli.options import input_options
from stancelib.errors import InputError, TaxonomyError
from stancelib.exchange.items import Item
from stancelib.records import Paragraph


@click.command()
@click.argument("pool", nargs=-1, required=True)
@click.option("--terms", "terms_files", multiple=True, required=True, type=PATH, help="A TOML file; may be repeated.")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The model file.")
@click.option("--labels", "labels_file", type=PATH, help="Also write the weak labels here, to be read and mended.")
@input_options
def command(
    pool: tuple[str, ...],
    terms_files: tuple[Path, ...],
    output: Path,
    labels_file: Path | None,
    encoding: str | None,
    text_field: str,
    input_format: str | None,
) -> None:
    """Train a first model on an archive that nobody has labelled.

    POOL is what `stancelib label` reads. Terms files say by which words a paragraph is known to have a topic and a
    stance; seeds/terms has one for each shipped topic and says how to write one. The labels that come of them are weak:
    read some with --labels, mend them, and train on the mended ones.
    """
    require_place(output, *terms_files)
    form = form_of(labels_file, *terms_files, *map(Path, pool), output)
    terms = bootstrap.Terms.join([_read_terms(path) for path in terms_files])
    source = _Pool(Archive(pool, input_format, encoding, text_field, output))
    drawn = bootstrap.draw(source.paragraphs(), terms)
    if not drawn:
        raise InputError("there is no paragraph in what was given")
    labelled = bootstrap.weak_labels(drawn, terms)
    tell_report(corpus.report(labelled, terms.taxonomy.names))
    if labels_file is not None:
        files.write_whole(labels_file, exchange.to_bytes([Item(p, {}) for p in labelled], form))
    model = bootstrap.fit(labelled, terms)
    store.save(model, output)
    tell_model(model, output)
    if source.bad:
        raise click.exceptions.Exit(1)


def _read_terms(path: Path) -> bootstrap.Terms:
    try:
        toml = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise TaxonomyError(f"{path}: can't be read: {error}") from error
    return bootstrap.parse(toml, str(path), lambda name: read_taxonomy(path.parent / name))


@dataclass(slots=True)
class _Pool:
    """The paragraphs of an archive; ``bad`` records are named on stderr and counted."""

    archive: Archive
    bad: int = field(default=0)

    def paragraphs(self) -> Iterator[Paragraph]:
        """Each with its kind and, as its source, its article."""
        for record in self.archive.records():
            if isinstance(record.text, InputError):
                self.bad += 1
                say(f"{record.where}: {record.text}")
            else:
                source = record.doc if record.id is None else f"{record.doc} {record.id}"
                for kind, part in split_paragraphs(record.text):
                    yield Paragraph("", part, source=source, kind=kind)
