"""Measure the shipped model on gold paragraphs: MODEL_CARD.md, docs/img/reliability.svg, and floors below which no change may fall.

    python benchmarks/card.py PATH/dev.jsonl [--lower]

Refuses to write anything when a figure is under its floor in tests/floors.json, unless --lower is given; otherwise floors rise
with the figures. A floor holds for the data it was measured on, which its hash names.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from string import Template

import reliability
from report import table

from stancelib import corpus, shipped, store
from stancelib.calibration import Calibration, CalibrationError, Point, calibration
from stancelib.evaluate import Evaluation, Score, evaluate
from stancelib.model import StanceModel, data_hash
from stancelib.records import Paragraph

ROOT = Path(__file__).parent.parent
FLOORS = ROOT / "tests" / "floors.json"
#: Other versions of NumPy move a figure by less than this; floors are so much below what was measured.
SLACK = 0.003
#: Sources with fewer paragraphs are shown together.
LEAST = 100


def figures(result: Evaluation, trust: Calibration) -> dict[str, float]:
    """What has a floor: the higher, the better."""
    return {
        "topic micro-F1": result.micro_f1.value,
        **{f"{topic} F1": scores["f1"].value for topic, scores in result.topics.items()},
        "stance macro-F1": result.stance_pooled.value,
        **{f"{topic} stance accuracy": scores["accuracy"].value for topic, scores in result.stance.items()},
        "all labels of a paragraph": result.exact.value,
        **{f"{topic} 1 - calibration error": 1 - error.value for topic, error in trust.topics.items()},
        "stance 1 - calibration error": 1 - trust.stance.value,
    }


def measured(model: StanceModel, gold: Sequence[Paragraph], rounds: int) -> tuple[Evaluation, Calibration]:
    names = model.taxonomy.names
    said = model.decide([p.text for p in gold])
    result = evaluate(gold, names, said.found, said.stance, rounds=rounds)
    return result, calibration(gold, names, said.found, said.topic, said.stance, said.stance_score)


def fallen(found: Mapping[str, float], floors: Mapping[str, float]) -> list[str]:
    """Which figures are under their floors, and by how much."""
    now = {name: found.get(name, math.nan) for name in floors}
    return [f"{name}: {now[name]:.3f} is under {floor:.3f}" for name, floor in floors.items() if not now[name] >= floor]


def short(score: Score) -> str:
    return str(score).replace("0.", ".")


def errors(error: CalibrationError) -> tuple[str, str]:
    return f"{error.value:.3f}", f"{error.by_chance:.3f}"


def shares(point: Point) -> tuple[str, str]:
    return f"{point.coverage:.0%}", f"{point.accuracy:.1%}"


def by_source(model: StanceModel, gold: Sequence[Paragraph], rounds: int) -> str:
    large = Counter(p.source for p in gold)
    groups: dict[str, list[Paragraph]] = {}
    for p in gold:
        groups.setdefault(
            str(p.source) if large[p.source] >= LEAST else "Telegram channels and others, 2025-2026", []
        ).append(p)
    rows = []
    for name, some in groups.items():
        result = evaluate(some, model.taxonomy.names, *model.predict([p.text for p in some]), rounds=rounds)
        stances = sum(map(len, (p.stance for p in some)))
        rows.append((name, str(len(some)), short(result.micro_f1), str(stances), short(result.stance_pooled)))
    return table(["source", "paragraphs", "topics", "stances", "stance"], rows)


def failures(model: StanceModel) -> str:
    file = ROOT / "labels" / "failures.jsonl"
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]

    def said(labels: Iterable[tuple[str, str]]) -> str:
        return ", ".join(f"{topic} {stance}" for topic, stance in labels) or "no topic"

    rows = []
    for line, labelled in zip(lines, model.label([line["text"] for line in lines]), strict=True):
        gold, found = line["stance"], {label.topic: str(label.stance) for label in labelled.labels}
        if gold == found:
            print(f"{line['id']} is right now; find another example of {line['class']!r}", file=sys.stderr)
        rows.append((line["text"], said(gold.items()), said(found.items()), line["class"]))
    return table(["paragraph", "right", "the model says", "class"], rows).replace("---:", "---")


def card(model: StanceModel, gold: Sequence[Paragraph], rounds: int = 1000) -> tuple[str, Evaluation, Calibration]:
    result, trust = measured(model, gold, rounds)
    trained = shipped.paragraphs()
    topics = [
        (t, *(short(result.topics[t][key]) for key in ("precision", "recall", "f1")), str(sum(map(sum, result.confusion[t]))),
         short(result.stance[t]["macro_f1"]), short(result.stance[t]["accuracy"]))
        for t in model.taxonomy.names
    ]  # fmt: skip
    together = (
        "all",
        "",
        "",
        short(result.micro_f1),
        str(sum(int(t[4]) for t in topics)),
        short(result.stance_pooled),
        "",
    )
    filled = Template((Path(__file__).parent / "card_template.md").read_text(encoding="utf-8")).substitute(
        digest=hashlib.sha256(store.read_bytes()).hexdigest(),
        features=f"{len(model.table.features.terms):,}",
        paragraphs=f"{len(trained):,}",
        retold=f"{sum(p.id.startswith(shipped.RETOLD) for p in trained):,}",
        data=model.about["data_sha256"],
        gold=data_hash(gold),
        count=len(gold),
        topics=table(
            ["topic", "precision", "recall", "F1", "stances", "stance macro-F1", "stance accuracy"], [*topics, together]
        ),
        exact=short(result.exact),
        sources=by_source(model, gold, rounds),
        errors=table(
            ["calibration error", "topic", "by chance", "stance", "by chance"],
            [(t, *errors(trust.topics[t]), *errors(trust.stances[t])) for t in model.taxonomy.names]
            + [("all", *errors(trust.topic), *errors(trust.stance))],
        ),
        coverage=table(
            ["from probability", "given where the topic is there", "right", "of the labels given", "right"],
            [
                (f"{true.threshold:g}", *shares(true), *shares(given))
                for true, given in zip(trust.true_topics, trust.given, strict=True)
            ],
        ),
        failures=failures(model),
    )
    return filled, result, trust


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the model card and raise the floors.")
    parser.add_argument("gold", type=Path)
    parser.add_argument("--lower", action="store_true", help="Let floors fall to what is measured now.")
    arguments = parser.parse_args()
    model, gold = store.load(), corpus.read([arguments.gold]).paragraphs
    filled, result, trust = card(model, gold)
    found = figures(result, trust)
    kept = json.loads(FLOORS.read_text(encoding="utf-8")) if FLOORS.is_file() else {"data_sha256": None}
    old = kept["floors"] if kept["data_sha256"] == data_hash(gold) else {}
    if (under := fallen(found, old)) and not arguments.lower:
        sys.exit("under the floors, nothing was written (--lower lets them fall):\n" + "\n".join(under))
    new = {name: round(value - SLACK, 3) for name, value in found.items()}
    if not arguments.lower:
        new = {name: max(value, old.get(name, 0.0)) for name, value in new.items()}
    about = {"data": f"{arguments.gold.name}, {len(gold)} paragraphs", "data_sha256": data_hash(gold), "floors": new}
    FLOORS.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    (ROOT / "MODEL_CARD.md").write_text(filled, encoding="utf-8")
    (ROOT / "docs" / "img" / "reliability.svg").write_text(reliability.svg(trust), encoding="utf-8")


if __name__ == "__main__":
    main()
