from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from stancelib import corpus, store
from stancelib.errors import ModelFileError
from stancelib.model import Settings, StanceModel
from stancelib.records import Paragraph

ROOT = Path(__file__).parent.parent


def rewrite(data: bytes, change: dict[str, bytes | None], extra: list[tuple[str, bytes]] | None = None) -> bytes:
    """The same zip with members replaced (or dropped: None) and others added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if (content := change.get(name, old.read(name))) is not None:
                new.writestr(name, content)
        for name, content in extra or []:
            new.writestr(name, content)
    return out.getvalue()


def test_round_trip(small_model: StanceModel, gold: list[Paragraph], tmp_path: Path) -> None:
    store.save(small_model, tmp_path / "model.stance")
    again = store.load(tmp_path / "model.stance")
    texts = [p.text for p in gold[:200]]
    assert np.abs(again.score(texts) - small_model.score(texts)).max() < 1e-9
    assert [p.as_dict() for p in again.label(texts)] == [p.as_dict() for p in small_model.label(texts)]
    assert store.to_bytes(again) == store.to_bytes(small_model)
    assert [path.name for path in tmp_path.iterdir()] == ["model.stance"]


def test_same_paragraphs_same_bytes(small_model: StanceModel, gold: list[Paragraph]) -> None:
    again = StanceModel.fit(gold[::10], settings=Settings(prune=4000))
    assert store.to_bytes(again) == store.to_bytes(small_model)


def test_damage_is_named(small_model: StanceModel) -> None:
    data = store.to_bytes(small_model)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    future = json.dumps(manifest | {"format": 99}).encode()
    cases = {
        "not a stancelib model": b"hello",
        "members": rewrite(data, {"idf.npy": None}),
        "once each": rewrite(data, {}, [("../evil.txt", b"x")]),
        "format 99": rewrite(data, {"manifest.json": future}),
        "SHA-256": rewrite(
            data, {"terms.txt": bytes(len(zipfile.ZipFile(io.BytesIO(data)).read("terms.txt")) - 1) + b"\x01"}
        ),
    }
    for message, bad in cases.items():
        with pytest.raises(ModelFileError, match=message):
            store.from_bytes(bad, "bad")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_truncation(small_model: StanceModel, share: float) -> None:
    data = store.to_bytes(small_model)
    with pytest.raises(ModelFileError):
        store.from_bytes(data[: int(len(data) * share)], "cut")


def test_bit_flips_never_pass_silently(small_model: StanceModel) -> None:
    data = store.to_bytes(small_model)
    for position in np.random.default_rng(0).integers(0, len(data), 60):
        flipped = bytearray(data)
        flipped[position] ^= 0x10
        try:
            model = store.from_bytes(bytes(flipped), "flipped")
        except ModelFileError:
            continue
        assert store.to_bytes(model) == data  # only zip bookkeeping was hit


@pytest.mark.parametrize("number", [1, 2])
def test_files_of_every_format_before_are_read(number: int) -> None:
    """Labelled as on the day they were written, to the last digit that a label shows."""
    golden = Path(__file__).parent / "golden" / f"format-{number}"
    model = store.load(golden.with_suffix(".stance"))
    texts = [p.text for p in corpus.read([ROOT / "labels" / "seeds.jsonl"]).paragraphs]
    assert np.abs(model.score(texts) - json.loads(golden.with_suffix(".json").read_text())).max() < 1e-5
    again = store.from_bytes(store.to_bytes(model), "again")
    assert np.array_equal(again.score(texts), model.score(texts))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="No such file"):
        store.load(tmp_path / "none")
