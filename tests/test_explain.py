"""Explanations: the votes add up to the score, and every word is where it is said to stand."""

from __future__ import annotations

import copy
import json
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stancelib
from stancelib import text
from stancelib.errors import InputError
from stancelib.model import Settings, StanceModel
from stancelib.records import Paragraph

ROOT = Path(__file__).parent.parent
SEED = next((ROOT / "seeds").glob("*.txt"))
WORDS = st.sampled_from(
    [
        "نفت",
        "ایران",
        "تركيه",
        "همكاري های",
        "دو",
        "ملت",
        "می‌شود",
        "غـزه",
        "جمهوری",
        "اسلامی",
        "،",
        ".",
        "\u202b",
        "آنکارا",
        "۱۲",
    ]
)


@given(st.lists(WORDS | st.text(max_size=6), max_size=30).map(" ".join))
def test_votes_add_up_and_words_stand_where_they_are_said_to(paragraph: str) -> None:
    model = stancelib.load()
    (why,) = model.explain([paragraph])
    assert np.abs(why.scores - model.score([paragraph])[0]).max() < 1e-9
    compounds = model.table.features.compounds
    for unit in why.units:
        for start, end in unit.spans:
            assert 0 <= start < end <= len(paragraph)
            if "@" not in unit.unit:
                # One character may be two words: «¼» is 1 and 4.
                assert f" {unit.unit} " in f" {' '.join(text.tokens(paragraph[start:end], compounds))} "
        assert unit.spans or unit.unit.startswith("@")


def test_every_place_of_a_word() -> None:
    paragraph = "نفت ايران گران شد؛ نـفت عراق هم."
    (why,) = stancelib.load().explain([paragraph])
    (oil,) = [unit for unit in why.units if unit.unit == "نفت"]
    assert [paragraph[start:end] for start, end in oil.spans] == ["نفت", "نـفت"]
    (state,) = [unit for unit in why.units if unit.unit == "@state"]
    assert [paragraph[start:end] for start, end in state.spans] == ["ايران", "عراق"]


def test_a_word_that_stands_very_often() -> None:
    count = 150_000  # a minute and more where each place copies those before it
    (why,) = stancelib.load().explain(["نفت " * count])
    (oil,) = [unit for unit in why.units if unit.unit == "نفت"]
    assert len(oil.spans) == count and oil.spans[-1] == (4 * count - 4, 4 * count - 1)


def test_labels_explain_themselves() -> None:
    labels = stancelib.label(SEED.read_text(encoding="utf-8"))
    every = labels.explain()
    assert [why.text for why in every] == [paragraph.text for paragraph in labels]
    for paragraph, why in zip(labels, every, strict=True):
        scores = dict(zip(why.labels, why.scores, strict=True))
        for label in paragraph.labels:
            stances = {s: scores[f"{label.topic}:{s}"] for s in ("favor", "against", "neutral")}
            assert max(stances, key=stances.__getitem__) == label.stance


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, lambda labels: pickle.loads(pickle.dumps(labels))])
def test_labels_travel_without_their_model(way: Callable[[Any], Any]) -> None:
    labels = stancelib.label("صادرات نفت ایران افزایش یافت.")
    assert len(pickle.dumps(labels)) < 2000
    assert way(labels) == labels and type(way(labels)) is type(labels[:]) is list


def test_pulls_add_up_to_a_difference() -> None:
    (why,) = stancelib.load().explain(["ایران و ترکیه بر گسترش همکاری‌های دو کشور تأکید کردند."])
    scores = dict(zip(why.labels, why.scores, strict=True))
    given, other = "bilateral_ties:favor", "bilateral_ties:neutral"
    pulls = why.pulls(given, other)
    assert why.base(given, other) + sum(vote for _, vote in pulls) == pytest.approx(scores[given] - scores[other])
    assert [vote for _, vote in pulls] == sorted((vote for _, vote in pulls), reverse=True)
    with pytest.raises(InputError, match="allowed: energy, "):
        why.pulls("weather")
    with pytest.raises(InputError, match="no label 'favor'"):
        why.pulls("energy", "favor")


def test_json_adds_up_too() -> None:
    (why,) = stancelib.load().explain(["صادرات گاز ایران به ترکیه کاهش یافت."])
    plain = json.loads(json.dumps(why.as_dict()))
    total = np.array(plain["bias"]) + np.sum([unit["votes"] for unit in plain["units"]], axis=0)
    assert np.abs(total - np.array(plain["scores"])).max() < 1e-4


def test_hazm_moves_characters_so_no_places_are_claimed(gold: list[Paragraph]) -> None:
    settings = Settings(prune=4000, features={"normalizer": "hazm"})
    model = StanceModel.fit(gold[::10], settings=settings)
    (why,) = model.explain(["نفت ايران گران شد"])
    assert why.units and not any(unit.spans for unit in why.units)


def test_the_command_tells_figures_that_add_up(run) -> None:
    code, out, err = run("explain", SEED, "--par", "2")
    assert code == 0 and err == ""
    assert "bilateral_ties found" in out and "favor rather than" in out
    for block in re.split(r"\n  (?=\S)", out)[1:]:
        score = float(re.search(r"score ([+-][\d.]+)", block)[1])
        parts = [float(n) for n in re.findall(r"^    (?:bias|for|against) *([+-][\d.]+)", block, re.M)]
        assert sum(parts) == pytest.approx(score, abs=0.02)
        for side in re.findall(r"^    (?:for|against) *([+-][\d.]+ = .*(?:\n {20}.*)*)", block, re.M):
            total, listed = side.split(" = ")
            votes = [float(n) for n in re.findall(r"(?<=\u00a0)[+-]\d+\.\d\d", listed)]
            assert sum(votes) == pytest.approx(float(total), abs=0.06)


def test_a_topic_that_was_not_found_is_explained_when_asked_for(run) -> None:
    code, out, _ = run("explain", SEED, "--par", "2", "--topic", "energy")
    assert code == 0 and "energy not found" in out and "bilateral_ties" not in out


def test_a_threshold_of_ones_own_is_what_was_needed(run) -> None:
    code, out, _ = run("explain", SEED, "--par", "2", "--topic", "bilateral_ties", "--threshold", "1")
    assert code == 0 and re.search(
        r"bilateral_ties not found, probability [0-9.]+: .* needed probability 1[.]00\n", out
    )


def test_json_lines(run) -> None:
    code, out, _ = run("explain", SEED, "--format", "jsonl")
    assert code == 0
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["par"] for line in lines] == list(range(1, len(lines) + 1))
    for line in lines:
        for unit in line["explanation"]["units"]:
            assert all(line["text"][start:end].strip() for start, end in unit["spans"])


def test_bad_input_is_named_and_the_rest_explained(run, tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "good.txt").write_text("قیمت نفت بالا رفت.", encoding="utf-8")
    code, out, err = run("explain", tmp_path)
    assert code == 1 and "bad.txt" in err and "energy found" in out
    code, _, err = run("explain", SEED, "--topic", "weather")
    assert code == 1 and "allowed: energy, gaza, bilateral_ties" in err


def test_nothing_found_says_what_is_nearest(run, tmp_path: Path) -> None:
    article = tmp_path / "a.txt"
    article.write_text("تیم فوتبال شهر ما دیشب بازی را برد و هواداران شادی کردند.", encoding="utf-8")
    code, out, _ = run("explain", article)
    assert code == 0 and "no topic; the nearest is" in out


def test_a_paragraph_that_is_not_there(run) -> None:
    code, out, err = run("explain", SEED, "--par", "99")
    assert (code, out) == (1, "")
    assert "there is no paragraph 99; the longest article has 9" in err
