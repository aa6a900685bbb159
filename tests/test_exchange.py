from __future__ import annotations

import json
from dataclasses import replace
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stancelib import corpus, exchange, rows, taxonomy
from stancelib.errors import InputError
from stancelib.exchange import doccano, interface, items, label_studio
from stancelib.exchange.items import EXTRA, FIELDS, Guess, Item
from stancelib.records import STANCES, Label, LabelledParagraph, Paragraph

TOPICS = taxonomy.default().names
GOLDEN = Path(__file__).parent / "golden" / "exchange"
SUFFIX = {"jsonl": ".jsonl", "csv": ".csv", "doccano": ".jsonl", "label-studio": ".json"}

# Names that mean something to one of the formats must come through as well as any other.
names = st.sampled_from(
    ["date", "label", "data", "meta", "Comments", "annotation_id", "annotator", "stance_energy", EXTRA, items.ID, "why", "", "نشانی"]
) | st.text(max_size=8)  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
written = st.text(min_size=1) | st.sampled_from(
    ["=نفت", "می\u200cشود\r\nو «گفت»", '"a",b;c', "{}", "[1]", "?", "a#b", "&lt;"]
)
labels = st.none() | st.dictionaries(st.sampled_from(TOPICS), st.sampled_from(STANCES))


@st.composite
def paragraphs(draw: st.DrawFn) -> Item:
    given = draw(labels)
    text = draw(written.filter(str.strip))
    more = {k: v for k, v in draw(st.dictionaries(names, values, max_size=4)).items() if k not in FIELDS}
    optional = {key: draw(st.none() | written) for key in corpus.OPTIONAL}
    topics = None if given is None else tuple(given)
    return Item(Paragraph(draw(st.just("") | written), text, topics, given or {}, **optional), more)


def round_trip(found: list[Item], form: str, directory: Path, suffix: str | None = None) -> exchange.Reading:
    file = directory / f"x{suffix or SUFFIX[form]}"
    file.write_bytes(exchange.to_bytes(found, form, array=suffix == ".json"))
    reading = exchange.read([file], form, TOPICS)
    reading.items = [replace(item, annotator=None) for item in reading.items]
    return reading


@pytest.mark.parametrize(
    ("form", "suffix"),
    [("jsonl", None), ("csv", None), ("doccano", None), ("doccano", ".json"), ("label-studio", None)],
)
@settings(max_examples=settings().max_examples // 2)
@given(found=st.lists(paragraphs(), max_size=4, unique_by=lambda item: item.paragraph.id))
def test_nothing_is_lost_on_a_round_trip(
    form: str, suffix: str | None, found: list[Item], tmp_path_factory: pytest.TempPathFactory
) -> None:
    reading = round_trip(found, form, tmp_path_factory.getbasetemp(), suffix)
    assert reading.problems == []
    assert reading.items == found


def test_half_a_surrogate_pair_survives_json(tmp_path: Path) -> None:
    odd = [Item(Paragraph("1", "نفت \ud83d گران شد", (), {}), {"x": "\udc00"})]
    for form in ("jsonl", "doccano", "label-studio"):
        assert round_trip(odd, form, tmp_path).items == odd
    assert round_trip(odd, "csv", tmp_path).items[0].paragraph.text == "نفت ? گران شد"


def test_the_corpus_reads_what_is_written(tmp_path: Path) -> None:
    found = [Item(Paragraph("1", "نفت", ("energy",), {"energy": "favor"}), {"n": 1}), Item(Paragraph("2", "باران"), {})]
    for form in ("jsonl", "csv"):
        round_trip(found, form, tmp_path)
        reading = corpus.read([tmp_path / f"x{SUFFIX[form]}"], TOPICS)
        assert reading.paragraphs == [item.paragraph for item in found]
        assert reading.problems == []


def test_a_pool_without_a_column_of_topics_is_not_annotated(tmp_path: Path) -> None:
    file = tmp_path / "pool.csv"
    file.write_text("id,text,date\n1,نفت,1404\n", encoding="utf-8")
    assert exchange.read([file]).items == [Item(Paragraph("1", "نفت"), {"date": "1404"})]


EXPECTED = exchange.read([GOLDEN / "labels.jsonl"], None, TOPICS).items


def in_order(item: Item) -> Item:
    """doccano sorts labels."""
    return replace(
        item,
        annotator=None,
        paragraph=replace(item.paragraph, topics=item.paragraph.topics and tuple(sorted(item.paragraph.topics))),
    )


@pytest.mark.parametrize("name", ["doccano.jsonl", "doccano-data.json", "doccano.csv", "label-studio.json"])
def test_documented_exports_are_told_and_read(name: str) -> None:
    reading = exchange.read([GOLDEN / name], None, TOPICS)
    assert reading.problems == []
    assert [in_order(item) for item in reading.items] == [in_order(item) for item in EXPECTED]


@pytest.mark.parametrize("name", ["label-studio-min.json", "label-studio.csv"])
def test_the_flat_exports_of_label_studio_have_what_was_annotated(name: str) -> None:
    reading = exchange.read([GOLDEN / name], None, TOPICS)
    assert reading.problems == []
    assert [replace(item, annotator=None) for item in reading.items] == EXPECTED[:3]
    assert {item.annotator for item in reading.items} == {"1"}


def test_one_of_several_annotators_is_chosen_or_asked_for() -> None:
    file = GOLDEN / "two-annotators.json"
    reading = exchange.read([file], None, TOPICS)
    assert [item.paragraph.id for item in reading.items] == ["n3", "n4"]
    assert len(reading.problems) == 2
    assert f"{file}: task 21: 2 annotators labelled it (ali@example.org, sara@example.org); choose one with --annotator" in reading.problems[0]  # fmt: skip
    sara = exchange.read([file], None, TOPICS, annotator="sara@example.org").items
    assert [item.paragraph.topics for item in sara] == [("energy",), (), None, None]
    both = exchange.read([file], None, TOPICS, every=True)
    assert both.problems == []
    assert [item.annotator for item in both.items].count("ali@example.org") == 3
    with pytest.raises(InputError, match=r"no annotation by 'reza'; there are annotations by: ali@example.org, sara"):
        exchange.read([file], None, TOPICS, annotator="reza")


def choices(**controls: list[str]) -> list[dict[str, object]]:
    return [
        {"from_name": name, "to_name": "text", "type": "choices", "value": {"choices": chosen}}
        for name, chosen in controls.items()
    ]


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ([], "has no choice of topics"),
        (choices(topics=["no-topic", "energy"], stance_energy=["favor"]), "has no-topic beside energy"),
        (choices(topics=["energy"]), "has not one stance of energy but 0"),
        (choices(topics=["energy"], stance_energy=["favor", "against"]), "has not one stance of energy but 2"),
        (choices(topics=["energy"], stance_energy=["favor"], stance_gaza=["favor"]), "a stance of gaza without the topic"),
        (choices(topics=["sport"], stance_sport=["favor"]), "unknown topic 'sport'; allowed: energy, gaza"),
        (choices(topics=["energy"], stance_energy=["pro"]), "unknown stance 'pro'"),
        ([1], "result must be a list of objects"),
        (choices(topics=[1]), "choices must be a list of names"),
    ],
)  # fmt: skip
def test_annotations_that_contradict_themselves_are_named(result: object, message: str, tmp_path: Path) -> None:
    good = {
        "id": 1,
        "data": {"text": "نفت"},
        "annotations": [{"completed_by": 1, "result": choices(topics=["no-topic"])}],
    }
    bad = {"id": 2, "data": {"text": "گاز"}, "annotations": [{"completed_by": 1, "result": result}]}
    file = tmp_path / "export.json"
    file.write_text(json.dumps([bad, good]), encoding="utf-8")
    reading = exchange.read([file], None, TOPICS)
    assert [item.paragraph.id for item in reading.items] == ["1"]
    assert len(reading.problems) == 1
    assert message in reading.problems[0]
    assert "task 2: " in reading.problems[0] or "item 1: " in reading.problems[0]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["energy"], "the label 'energy' names no stance"),
        (["energy:favor", "energy:against"], "two stances of energy: favor and against"),
        (["energy:favor", "no-topic"], "no-topic stands beside energy:favor"),
        (["sport:favor"], "unknown topic 'sport'"),
        ([[0, 4, "energy:favor"]], "text classification"),
        (7, "text classification"),
    ],
)
def test_labels_of_doccano_that_make_no_sense_are_named(given: object, message: str, tmp_path: Path) -> None:
    file = tmp_path / "export.jsonl"
    file.write_text(json.dumps({"id": 1, "text": "نفت", "label": given}), encoding="utf-8")
    reading = exchange.read([file], None, TOPICS)
    assert reading.items == []
    assert f"{file}: line 1: " in reading.problems[0]
    assert message in reading.problems[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ('{"a": 1}', "not a JSON array"),
        ('[{"a": 1}]', "say with --from"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_json_that_is_no_export_is_refused(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        exchange.read([file])


def test_a_json_array_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "ARRAY_BYTES", 1000)
    file = tmp_path / "x.json"
    file.write_text(json.dumps([{"text": "نفت", "label": []}] * 100), encoding="utf-8")
    with pytest.raises(InputError, match="in one JSON array; export it in parts"):
        exchange.read([file])


def test_ids_that_stand_twice_are_named(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text('{"id": "1", "text": "نفت"}\n{"id": "1", "text": "گاز"}\n', encoding="utf-8")
    reading = exchange.read([file])
    assert len(reading.items) == 1
    assert reading.problems == [f"{file}: line 2: the id '1' stands already at {file}: line 1"]


HOSTILE = taxonomy.from_dict(
    {
        "topic": [
            {
                "name": f"t{n}",
                "title": {"en": "x", "fa": '</View>"&<script>alert(1)</script>\x00'},
                "about": {"en": "x", "fa": "'\"\n<b>&amp;"},
                "target": {"en": "x", "fa": "هدف & <i>"},
            }
            for n in range(20)
        ]
    },
    "x",
)


@pytest.mark.parametrize("topics", [taxonomy.default(), HOSTILE], ids=["shipped", "hostile"])
def test_the_interface_offers_every_choice_that_a_task_can_have(topics: taxonomy.Taxonomy) -> None:
    root = ElementTree.fromstring(interface.label_studio(topics).decode())
    offered = {c.get("name"): {choice.get("value"): choice for choice in c} for c in root.iter("Choices")}
    for chosen in ({t: STANCES[n % 3] for n, t in enumerate(topics.names)}, {}):
        made = label_studio.task(Item(Paragraph("1", "نفت", tuple(chosen), chosen), {}))
        for one in made["annotations"][0]["result"]:
            assert set(one["value"]["choices"]) <= set(offered[one["from_name"]])
            assert one["to_name"] in {text.get("name") for text in root.iter("Text")}
    for topic in topics.topics:
        shown = offered["topics"][topic.name].get("html") or ""
        assert "<script>" not in shown
        assert unescape(shown) == topic.title["fa"].replace("\0", " ")
        conditional = next(c for c in root.iter("Choices") if c.get("name") == f"stance_{topic.name}")
        assert conditional.get("whenChoiceValue") == topic.name


@pytest.mark.parametrize("topics", [taxonomy.default(), HOSTILE], ids=["shipped", "many"])
def test_the_label_set_has_every_label_that_a_record_can_have(topics: taxonomy.Taxonomy) -> None:
    found = interface.doccano(topics)
    wanted = {label for t in topics.names for s in STANCES for label in doccano.labels([t], {t: s})}
    assert {label["text"] for label in found} == wanted | set(doccano.labels([], {}))
    keys = [label["suffix_key"] for label in found if label["suffix_key"] is not None]
    assert len(set(keys)) == len(keys)
    assert len({label["background_color"] for label in found}) == len(found)


def test_a_guess_is_a_prediction_in_label_studio_and_a_label_in_doccano() -> None:
    labelled = LabelledParagraph(
        "", 1, "body", "نفت", (Label("energy", 0.9, "favor", 0.7),), {"energy": 0.9, "gaza": 0.2}
    )
    item, guess = Item(Paragraph("1", "نفت"), {}), Guess(labelled, "model-1")
    made = label_studio.task(item, guess)
    assert "annotations" not in made
    prediction = made["predictions"][0]
    assert (prediction["model_version"], prediction["score"]) == ("model-1", 0.7)
    assert prediction["result"] == choices(topics=["energy"], stance_energy=["favor"])
    made = doccano.record(item, guess)
    assert (made["label"], made["prelabelled_by"]) == (["energy:favor"], "model-1")


def test_a_topic_of_unsure_stance_is_guessed_neutral() -> None:
    labelled = LabelledParagraph("", 1, "body", "نفت", (Label("energy", 0.9, None, 0.4, "unsure"),), {"energy": 0.9})
    assert Guess(labelled, "m").stance == {"energy": "neutral"}
    assert Guess(labelled, "m").score == 0.4


# --- the command -----------------------------------------------------------------------------------------------------


def test_convert_there_and_back(run, tmp_path: Path) -> None:
    for name in ("x.json", "y.jsonl", "z.csv"):
        form = {".json": "label-studio", ".jsonl": "doccano", ".csv": "csv"}[Path(name).suffix]
        assert run("convert", GOLDEN / "labels.jsonl", "-o", tmp_path / name, "--to", form) == (0, "", "")
        assert run("convert", tmp_path / name, "-o", tmp_path / "back.jsonl") == (0, "", "")
        assert (tmp_path / "back.jsonl").read_bytes() == (GOLDEN / "labels.jsonl").read_bytes()


def test_convert_makes_a_file_for_each_annotator_that_agreement_takes(run, tmp_path: Path) -> None:
    code, _, err = run("convert", GOLDEN / "two-annotators.json", "-o", tmp_path / "by-{annotator}.jsonl")
    assert code == 0
    assert "1 paragraphs that nobody annotated were left out" in err
    made = sorted(tmp_path.iterdir())
    assert [file.name for file in made] == ["by-ali@example.org.jsonl", "by-sara@example.org.jsonl"]
    code, out, err = run("agreement", "--rounds", "10", *made)
    assert (code, err) == (0, "")
    assert "1 paragraphs are labelled differently" in out


def test_an_annotators_name_does_not_lead_out_of_the_directory(run, tmp_path: Path) -> None:
    result = choices(topics=["no-topic"])
    task = {"id": 1, "data": {"text": "نفت"}, "annotations": [{"completed_by": "../a/\x1b", "result": result}]}
    file = tmp_path / "in.json"
    file.write_text(json.dumps([task]), encoding="utf-8")
    (tmp_path / "out").mkdir()
    assert run("convert", file, "-o", tmp_path / "out" / "{annotator}.csv")[0] == 0
    assert [made.name for made in (tmp_path / "out").iterdir()] == [".._a__.csv"]


def test_convert_names_what_is_bad_and_writes_the_rest(run, tmp_path: Path) -> None:
    code, _, err = run("convert", GOLDEN / "two-annotators.json", "-o", tmp_path / "x.jsonl")
    assert code == 1
    assert "task 21: 2 annotators" in err
    assert len((tmp_path / "x.jsonl").read_text(encoding="utf-8").splitlines()) == 2


def test_labels_that_a_model_gave_are_mentioned(run, tmp_path: Path) -> None:
    pool, back = tmp_path / "pool.jsonl", tmp_path / "back.jsonl"
    pool.write_text('{"id": "1", "text": "صادرات نفت ایران افزایش یافت."}\n', encoding="utf-8")
    made = tmp_path / "d.jsonl"
    assert run("convert", pool, "-o", made, "--to", "doccano", "--predictions") == (0, "", "")
    assert json.loads(made.read_text(encoding="utf-8"))["label"][0].startswith("energy:")
    code, _, err = run("convert", made, "-o", back)
    assert code == 0
    assert "1 paragraphs had a model's labels before anybody looked" in err


def test_configurations(run, tmp_path: Path) -> None:
    assert run("convert", "--config-for", "label-studio", "-o", tmp_path / "c.xml") == (0, "", "")
    assert ElementTree.parse(tmp_path / "c.xml").getroot().tag == "View"
    assert run("convert", "--config-for", "doccano", "-o", tmp_path / "c.json") == (0, "", "")
    assert len(json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))) == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "x.jsonl"], "give label files"),
        (["IN", "-o", "x.json"], "say with --to"),
        (["IN", "-o", "x.csv", "--to", "doccano"], "a file for doccano ends in .jsonl or .json"),
        (["IN", "-o", "IN"], "to be read and written"),
        ([".", "-o", "x.csv"], "to be read and written"),
        (["IN", "-o", "no/x.csv"], "there is no directory"),
        (["IN", "-o", "{annotator}.csv", "--annotator", "a"], "goes without"),
        (["IN", "-o", "x.csv", "--predictions"], "--predictions goes with"),
        (["IN", "-o", "x.csv", "--model", "m"], "--model goes with"),
        (["IN", "-o", "x.json", "--to", "label-studio", "--predictions", "--taxonomy", "t"], "leave --taxonomy out"),
        (["IN", "-o", "x.xml", "--config-for", "label-studio"], "it needs no label files"),
    ],
)
def test_wrong_usage_of_convert(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments, message) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.jsonl").write_text('{"text": "نفت"}\n', encoding="utf-8")
    code, out, err = run("convert", *("in.jsonl" if argument == "IN" else argument for argument in arguments))
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())
    assert [file.name for file in tmp_path.iterdir()] == ["in.jsonl"]


@pytest.mark.parametrize("depth", [100, 900, 960, 970, 980, 990, 100_000])
def test_a_record_that_is_nested_too_deep_is_named(run, tmp_path: Path, depth: int) -> None:
    good = '{"text": "نفت", "topics": [], "more": %s}\n' % ("[" * 40 + "]" * 40)
    deep = '{"text": "گاز", "topics": [], "more": %s}\n' % ("[" * depth + "]" * depth)
    (tmp_path / "in.jsonl").write_text(deep + good, encoding="utf-8")
    code, _, err = run("convert", tmp_path / "in.jsonl", "--to", "label-studio", "-o", tmp_path / "out.json")
    assert (code, "line 1: " in err) == (1, True)
    assert len(json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))) == 1


def test_two_projects_in_one_file_are_not_mixed(run, tmp_path: Path) -> None:
    head = {"id": 1, "annotator": 1, "annotation_id": 1}
    both = [
        head | {"text": "نفت", "topics": "energy", "stance_energy": "favor"},
        head | {"text": "غزه", "topics": "gaza", "stance_gaza": "against"},
    ]
    (tmp_path / "min.json").write_text(json.dumps(both), encoding="utf-8")
    code, _, err = run("convert", tmp_path / "min.json", "-o", tmp_path / "out.jsonl")
    assert (code, "the id '1' stands already" in err) == (1, True)
    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8").count("energy") == 2


def test_no_annotators_file_is_written_over_the_input(run, tmp_path: Path) -> None:
    export = tmp_path / "1.json"
    export.write_bytes((GOLDEN / "two-annotators.json").read_bytes())
    task = json.loads(export.read_text(encoding="utf-8"))[0]
    task["annotations"][0]["completed_by"] = 1
    export.write_text(json.dumps([task]), encoding="utf-8")
    before = export.read_bytes()
    code, _, err = run("convert", export, "--to", "label-studio", "-o", tmp_path / "{annotator}.json")
    assert (code, "to be read and written" in " ".join(err.split())) == (2, True)
    assert export.read_bytes() == before


def test_convert_without_annotators_or_paragraphs(run, tmp_path: Path) -> None:
    code, _, err = run("convert", GOLDEN / "labels.jsonl", "-o", tmp_path / "{annotator}.csv")
    assert code == 1
    assert "the format does not say who" in err
    (tmp_path / "empty.jsonl").write_text("", encoding="utf-8")
    assert run("convert", tmp_path / "empty.jsonl", "-o", tmp_path / "x.csv")[0] == 1
    assert run("convert", tmp_path / "none.jsonl", "-o", tmp_path / "x.csv")[0] == 1
    assert not (tmp_path / "x.csv").exists()
