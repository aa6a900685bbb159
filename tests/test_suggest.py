from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from stancelib import corpus, exchange, shipped
from stancelib.errors import InputError
from stancelib.exchange import label_studio
from stancelib.exchange.items import Item
from stancelib.model import StanceModel
from stancelib.records import Paragraph
from stancelib.store import save
from stancelib.suggest import Shortlist, doubts


def picked(model: StanceModel, texts: Sequence[str], count: int, labelled: Sequence[str] = (), part: int = 1000):
    shortlist = Shortlist(model, count, labelled)
    for start in range(0, len(texts), part):
        shortlist.add(texts[start : start + part])
    return shortlist.pick()


@pytest.fixture(scope="module")
def pool(gold: list[Paragraph]) -> list[str]:
    """Paragraphs that the small model has not seen."""
    return [p.text for p in gold[5::10]]


def test_expected_errors_are_the_doubts_about_topics_and_stances(small_model: StanceModel, pool: list[str]) -> None:
    found = doubts(small_model, pool)
    assert ((found.topic >= 0) & (found.topic <= 0.5)).all()
    assert ((found.stance >= 0) & (found.stance <= 2 / 3)).all()
    decided = small_model.decide(pool)
    # At the threshold the doubt is one half whatever the probability there.
    assert ((found.found > found.turns) == decided.found).all()
    assert found.expected_errors == pytest.approx((found.topic + found.stance).sum(axis=1))


def test_the_model_errs_more_where_it_expects_to(small_model: StanceModel, gold: list[Paragraph]) -> None:
    some = gold[5::10]
    errors = doubts(small_model, [p.text for p in some]).expected_errors
    decided = small_model.decide([p.text for p in some])
    names = small_model.taxonomy.names
    wrong = [set(p.topics or ()) != {t for t, f in zip(names, row, strict=True) if f}
             for p, row in zip(some, decided.found.tolist(), strict=True)]  # fmt: skip
    order = errors.argsort()
    half = len(order) // 2
    assert sum(wrong[i] for i in order[half:]) > 2 * sum(wrong[i] for i in order[:half])


def test_picks_are_unsure_and_the_same_every_time(small_model: StanceModel, pool: list[str]) -> None:
    first = picked(small_model, pool, 20)
    assert first == picked(small_model, pool, 20, part=77)
    assert len({one.number for one in first}) == 20
    assert all(pool[one.number] == one.text for one in first)
    errors = doubts(small_model, pool).expected_errors
    assert min(one.expected_errors for one in first) > float(errors.mean())
    assert first[0].expected_errors == pytest.approx(errors.max())
    assert all(one.why.startswith(("is it about ", "which stance on ")) for one in first)


def test_the_shortlist_keeps_the_least_sure_of_a_long_pool(
    small_model: StanceModel, pool: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = picked(small_model, pool, 5)
    monkeypatch.setattr("stancelib.suggest.SHORTEST", 60)
    short = Shortlist(small_model, 5)
    for start in range(0, len(pool), 50):
        short.add(pool[start : start + 50])
        assert len(short._kept) <= 2 * 60
    assert short.pick()[0] == whole[0]


def test_near_duplicates_are_picked_once_and_labelled_text_never(small_model: StanceModel, pool: list[str]) -> None:
    first = [one.text for one in picked(small_model, pool, 10)]
    again = [f"خبر تازه: {text}" for text in first] + [text.replace("ی", "ي") for text in first]
    both = [one.text for one in picked(small_model, [*pool, *again], 30)]
    for text, prefixed, spelled in zip(first, again[:10], again[10:], strict=True):
        assert sum(text in both for text in (text, prefixed, spelled)) == 1
    after = [one.text for one in picked(small_model, [*pool, *again], 30, labelled=first)]
    assert not set(after) & {*first, *again}


def test_alike_paragraphs_come_later_than_different_ones(small_model: StanceModel, monkeypatch) -> None:
    """Ten of one kind and one of another: with likeness counted, the other one is the second at the latest."""
    places = ["اهواز", "تبریز", "یزد", "قم", "کرج", "ساری", "رشت", "زنجان", "ایلام", "بوشهر"]
    alike = [f"وزیر نفت در {place} گفت صادرات گاز {place} به همسایه {place} شروع شد" for place in places]
    other = "سفیر از گفت‌وگو درباره آتش‌بس خبر داد"
    monkeypatch.setattr("stancelib.suggest.RELEVANCE", 0.0)
    assert other in [one.text for one in picked(small_model, [*alike, other], 2)]


def test_a_pool_that_is_too_small_gives_what_it_has(small_model: StanceModel) -> None:
    assert picked(small_model, [], 5) == []
    assert picked(small_model, ["…", "\u200c", "!!"], 5) == []
    assert [one.number for one in picked(small_model, ["…", "وزیر نفت آمد", "وزیر  نفت آمد"], 5)] == [1]
    with pytest.raises(InputError, match="1 and more"):
        Shortlist(small_model, 0)


# --- the command -----------------------------------------------------------------------------------------------------


def test_suggest_reads_archives_and_says_why(run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(
        "تیتر خبر نفت\n\nوزیر نفت از قرارداد گازی با عراق گفت.\n\nباران بارید.", encoding="utf-8"
    )
    (tmp_path / "b.jsonl").write_text(
        '{"id": "x", "text": "سفیر فلسطین در تهران با همتای خود دیدار کرد."}\n{"id": "x", "text": "قیمت بنزین گران شد"}\n{\n',
        encoding="utf-8",
    )
    code, out, err = run("suggest", tmp_path, "-n", "5")
    assert code == 1
    assert "b.jsonl: line 3: not JSON" in err
    found = [json.loads(line) for line in out.splitlines()]
    assert len({one["id"] for one in found}) == len(found) == 5
    assert {"x", "x~2", f"{tmp_path / 'a.txt'}-2"} <= {one["id"] for one in found}
    assert all("topics" not in one and one["why"] and one["expected_errors"] > 0 for one in found)
    assert {one["kind"] for one in found} == {"headline", "body"}
    by_id = {one["id"]: one["text"] for one in found}
    assert by_id[f"{tmp_path / 'a.txt'}-3"] == "باران بارید."


def test_suggest_leaves_labelled_text_out(run, tmp_path: Path) -> None:
    pool, done, out = (tmp_path / name for name in ("pool.jsonl", "done.jsonl", "out.csv"))
    pool.write_text('{"text": "قیمت بنزین گران شد"}\n{"text": "سفیر رفت"}\n', encoding="utf-8")
    done.write_text('{"text": "قیمت بنزين گران شد.", "topics": []}\n', encoding="utf-8")
    code, _, err = run("suggest", pool, "--labelled", done, "-o", out)
    assert code == 0
    assert "1 paragraphs were picked; there are no more" in err
    assert [p.text for p in corpus.read([out]).paragraphs] == ["سفیر رفت"]
    assert corpus.read([out]).paragraphs[0].topics is None


def test_labelled_files_may_have_the_same_ids(run, tmp_path: Path) -> None:
    pool = tmp_path / "pool.txt"
    pool.write_text("قیمت بنزین گران شد\n\nسفیر از خط لوله گفت", encoding="utf-8")
    done = []
    for name, sentence in (("a", "قیمت بنزین گران شد"), ("b", "سفیر از خط لوله گفت")):
        done += ["--labelled", tmp_path / f"{name}.jsonl"]
        done[-1].write_text(json.dumps({"id": 1, "text": sentence, "topics": []}) + "\n", encoding="utf-8")
    code, out, err = run("suggest", pool, *done)
    assert (code, out, "nothing to label" in err) == (1, "", True)


def test_an_id_is_given_once_in_all_rounds(run, tmp_path: Path) -> None:
    for name, sentence in (("a", "قیمت بنزین گران شد"), ("b", "سفیر از خط لوله گفت")):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"id": 1, "text": sentence}) + "\n", encoding="utf-8")
    pool = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    assert run("suggest", *pool, "-n", "1", "-o", first)[0] == 0
    assert run("suggest", *pool, "-n", "1", "--labelled", first, "-o", second)[0] == 0
    reading = corpus.read([first, second])
    assert reading.problems == []
    assert len({p.text for p in reading.paragraphs}) == 2


def test_wrong_usage_of_suggest(run, tmp_path: Path) -> None:
    pool = tmp_path / "pool.jsonl"
    pool.write_text('{"text": "…"}\n', encoding="utf-8")
    for arguments, message, expected in (
        ([pool, "-o", tmp_path / "x.json"], "stancelib convert", 2),
        ([pool, "-o", tmp_path / "no" / "x.csv"], "there is no directory", 2),
        ([pool, "-o", tmp_path], "is a directory", 2),
        ([pool, "-o", pool], "to be read and written", 1),
        ([pool], "there is nothing to label", 1),
        ([tmp_path / "none.jsonl"], "can't be read", 1),
    ):
        code, out, err = run("suggest", *arguments)
        assert (code, out) == (expected, "")
        assert message in " ".join(err.split())


def test_the_loop_closes(run, tmp_path: Path, gold: list[Paragraph], small_model: StanceModel, monkeypatch) -> None:
    """Pick, carry to Label Studio, annotate there, carry back, train on top of what was there, measure."""
    base, unlabelled, test = gold[::20], gold[5::20], gold[3::40]
    truth = {p.text: p for p in unlabelled}
    monkeypatch.setattr(shipped, "paragraphs", lambda: base)
    pool, picks, tasks, exported, labels, model, measure = (
        tmp_path / name
        for name in ("pool.jsonl", "picks.jsonl", "tasks.json", "export.json", "new.jsonl", "m.stance", "test.jsonl")
    )
    pool.write_bytes(exchange.to_bytes([Item(Paragraph(p.id, p.text), {}) for p in unlabelled], "jsonl"))
    measure.write_bytes(exchange.to_bytes([Item(p, {}) for p in test], "jsonl"))
    save(small_model, tmp_path / "small.stance")
    assert run("suggest", pool, "-n", "40", "--model", tmp_path / "small.stance", "-o", picks)[0] == 0
    code, _, err = run(
        "convert", picks, "--to", "label-studio", "--predictions", "--model", tmp_path / "small.stance", "-o", tasks
    )
    assert (code, err) == (0, "")

    export = json.loads(tasks.read_text(encoding="utf-8"))
    for number, task in enumerate(export, 1):
        assert task["predictions"][0]["result"]
        known = truth[task["data"]["text"]]
        result = label_studio.task(Item(known, {}))["annotations"][0]["result"]
        task |= {
            "id": number,
            "annotations": [{"id": number, "completed_by": 1, "was_cancelled": False, "result": result}],
        }
    export[0]["annotations"][0] |= {"was_cancelled": True, "result": []}
    exported.write_text(json.dumps(export, ensure_ascii=False), encoding="utf-8")

    assert run("convert", exported, "-o", labels) == (0, "", "")
    back = corpus.read([labels]).paragraphs
    assert len(back) == 40
    assert back[0].topics is None
    assert all((p.topics, p.stance) == (truth[p.text].topics, truth[p.text].stance) for p in back[1:])

    code, out, err = run("train", "--extend", labels, "-o", model)
    assert code == 0
    assert "39 paragraphs" in out
    assert "1 paragraphs without topics are not annotated" in err
    code, out, _ = run("evaluate", "--model", model, "--rounds", "10", measure)
    assert code == 0
    assert "topic micro-F1" in out
    again = run("suggest", pool, "-n", "40", "--model", model, "--labelled", labels)[1]
    assert not {json.loads(line)["text"] for line in again.splitlines()} & {p.text for p in back}
