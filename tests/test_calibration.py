"""Calibration measured on made-up probabilities, and stances left open where none is probable enough."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stancelib
from stancelib.calibration import (
    accuracy_coverage,
    calibration,
    calibration_error,
    expected_calibration_error,
    reliability,
)
from stancelib.errors import InputError
from stancelib.records import STANCES, Paragraph

SEED = next((Path(__file__).parent.parent / "seeds").glob("*.txt"))


def test_calibrated_probabilities_have_a_small_error() -> None:
    random = np.random.default_rng(0)
    probability = random.random(100_000)
    true = random.random(100_000) < probability
    assert expected_calibration_error(probability, true) < 0.01
    # By hand: probabilities of p ** 2 are too low by p - p ** 2, a sixth on average.
    assert expected_calibration_error(probability**2, true) == pytest.approx(1 / 6, abs=0.01)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=50), st.integers(1, 20))
def test_every_prediction_is_in_its_bin(pairs: list[tuple[float, bool]], bins: int) -> None:
    probability, true = np.array([p for p, _ in pairs], dtype=float), np.array([t for _, t in pairs], dtype=bool)
    found = reliability(probability, true, bins)
    assert sum(b.size for b in found) == len(pairs)
    assert all(b.low - 1e-12 <= b.probability <= b.high + 1e-12 for b in found)
    assert sum(b.share * b.size for b in found) == pytest.approx(true.sum())
    error = expected_calibration_error(probability, true, bins)
    assert 0 <= error <= 1 if pairs else np.isnan(error)


def test_coverage_falls_with_the_threshold() -> None:
    points = accuracy_coverage(np.array([0.4, 0.6, 0.9]), np.array([False, True, True]), [0, 0.5, 0.95])
    assert [p.coverage for p in points] == pytest.approx([1, 2 / 3, 0])
    assert points[1].accuracy == 1
    assert np.isnan(points[2].accuracy)


def test_calibration_of_a_model() -> None:
    gold = [Paragraph("1", "نفت", ("energy",), {"energy": "favor"}), Paragraph("2", "ورزش", (), {})]
    found = calibration(
        gold,
        ["energy"],
        found=np.array([[True], [True]]),
        topic=np.array([[0.9], [0.2]]),
        stance=np.array([[0], [1]]),
        stance_score=np.array([[0.7], [0.5]]),
    )
    assert found.topics["energy"].value == pytest.approx(0.15)
    assert found.stance.value == found.stances["energy"].value == pytest.approx(0.3)
    assert sum(b.size for b in found.stance_bins) == 1
    assert (found.true_topics[0].accuracy, found.given[0].accuracy) == (1, 0.5)
    with pytest.raises(InputError, match="no gold paragraph"):
        calibration([], ["energy"], *[np.zeros((0, 1))] * 4)


def test_the_error_by_chance_is_that_of_right_probabilities() -> None:
    random = np.random.default_rng(1)
    probability = random.random(200)
    errors = [expected_calibration_error(probability, random.random(200) < probability) for _ in range(200)]
    assert calibration_error(probability, probability > 0.5).by_chance == pytest.approx(np.mean(errors), abs=0.005)


TEXTS = [
    "صادرات گاز ایران به ترکیه افزایش یافت.",
    "هوا سرد شد.",
    "وزیر نفت از قرارداد گازی دفاع کرد؛ نماینده‌ای آن را زیان‌بار خواند.",
]


def test_stances_under_the_threshold_are_left_open() -> None:
    model = stancelib.load()
    sure, some = model.label(TEXTS), model.label(TEXTS, stance_threshold=0.9)
    open_ones = 0
    for before, after in zip(sure, some, strict=True):
        for one, other in zip(before.labels, after.labels, strict=True):
            assert (one.topic, one.score, one.stance_score) == (other.topic, other.score, other.stance_score)
            if one.stance_score >= 0.9:
                assert one == other
            else:
                open_ones += 1
                assert other.stance is None
                assert str(one.stance) in str(other.reason)
                assert "no stance reaches 0.9" in str(other.reason)
    assert open_ones
    assert "reason" not in sure[0].as_dict()["labels"][0]
    with pytest.raises(InputError, match=r"stance_threshold is 1\.5; allowed: 0 to 1"):
        model.label(TEXTS, stance_threshold=1.5)


def test_frames_have_no_stance_where_it_is_left_open() -> None:
    frame = stancelib.load().label_frame(pandas.DataFrame({"text": TEXTS}), stance_threshold=1.0)
    assert frame["energy"].tolist() == [True, False, True]
    assert frame["energy_stance"].isna().all()
    assert frame["energy_stance_score"].notna().tolist() == [True, False, True]


def test_the_command_leaves_stances_open(run, tmp_path: Path) -> None:
    code, out, _ = run("label", "--stance-threshold", ".95", "--format", "jsonl", SEED)
    labels = [label for line in out.splitlines() for label in json.loads(line)["labels"]]
    assert code == 0
    assert {label["stance"] for label in labels} >= {None, "favor"}
    assert all(("reason" in label) == (label["stance"] is None) == (label["stance_score"] < 0.95) for label in labels)
    assert "? unsure" in run("label", "--stance-threshold", ".95", SEED)[1]
    rows = list(csv.DictReader(io.StringIO(run("label", "--stance-threshold", "1", "--format", "csv", SEED)[1])))
    assert {row["gaza_stance"] for row in rows} <= {"", *STANCES}
    assert any(row["gaza"] == "1" and row["gaza_stance"] == "" and row["gaza_stance_score"] for row in rows)


def test_evaluate_prints_calibration(run, tmp_path: Path) -> None:
    gold = tmp_path / "gold.jsonl"
    line = {"id": "1", "text": TEXTS[0], "topics": ["energy"], "stance": {"energy": "neutral"}}
    gold.write_text(json.dumps(line), encoding="utf-8")
    code, out, _ = run("evaluate", "--rounds", "10", gold)
    assert code == 0
    assert "calibration error" in out
    assert "stances from probability" in out
    found = json.loads(run("evaluate", "--rounds", "10", "--format", "json", gold)[1])["calibration"]
    assert found["given"][-1]["threshold"] == 0.95
    assert found["topics"]["gaza"]["value"] < 0.1
    assert found["stances"]["gaza"]["value"] is None
