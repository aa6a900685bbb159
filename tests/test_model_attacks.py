"""Model files made to do harm. Whoever makes one can sign it, so most of these have right sizes and hashes."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stancelib import formats, store
from stancelib.errors import ModelFileError
from stancelib.hashes import hashes_of, joined
from stancelib.lookup import HashTable
from stancelib.model import StanceModel
from stancelib.records import HEAD_COLUMNS
from stancelib.votes import VoteTable

GOOD = (Path(__file__).parent / "golden" / "format-2.stance").read_bytes()
TEXT = "وزیران نفت ایران و ترکیه در آنکارا درباره صادرات گاز گفت‌وگو کردند.\nهوا سرد شد."
with zipfile.ZipFile(io.BytesIO(GOOD)) as _archive:
    MEMBERS = {name: _archive.read(name) for name in _archive.namelist() if name != "manifest.json"}
META = json.loads(MEMBERS["model.json"])
TERMS = MEMBERS["terms.txt"].count(b"\n") + 1
LABELS = len(META["bias"])


def manifest_of(members: dict[str, bytes], number: Any = 2) -> bytes:
    listed = {name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in members.items()}
    return json.dumps({"format": number, "members": listed}).encode()


def signed(change: dict[str, bytes | None] | None = None, number: Any = 2, method: int = zipfile.ZIP_STORED) -> bytes:
    """The good file with members changed (or left out: None) and a manifest that fits."""
    members = {name: data for name, data in {**MEMBERS, **(change or {})}.items() if data is not None}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in {"manifest.json": manifest_of(members, number), **members}.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def with_meta(**change: Any) -> bytes:
    """The good file with other values in model.json; ... leaves a key out."""
    meta = {key: value for key, value in {**META, **change}.items() if value is not ...}
    return signed({"model.json": json.dumps(meta).encode()})


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=(1, 0))
    return file.getvalue()


def with_lines(terms: list[bytes], labels: int = LABELS, **change: bytes) -> dict[str, bytes]:
    """Members with other terms, and arrays that fit."""
    coef = np.random.default_rng(0).integers(-300, 300, (labels, len(terms))).astype("<i2")
    arrays = {"idf.npy": npy(np.ones(len(terms), "<f4")), "coef.npy": npy(coef)}
    return {"terms.txt": b"\n".join(terms), **arrays, **change}


def topic(name: str) -> dict[str, Any]:
    return {"name": name, **{key: {"en": "x", "fa": "x"} for key in ("title", "about", "target")}, "keywords": []}


def with_topics(count: int) -> bytes:
    """model.json of so many topics."""
    numbers = {key: [1.0] * count for key in ("threshold", "slope", "offset")}
    numbers |= {key: [1.0] * (4 * count) for key in ("step", "bias")}
    return json.dumps({**META, "taxonomy": {"topic": [topic(f"t{n}") for n in range(count)]}, **numbers}).encode()


def raw_zip(entries: list[tuple[str, bytes, dict[str, int]]], comment: bytes = b"", listed: int | None = None) -> bytes:
    """A zip written by hand, so that its headers can say what they like: name, what is stored, and headers."""
    body, directory = b"", b""
    for name, data, says in entries:
        h = {"flag": 0, "method": 0, "crc": zlib.crc32(data), "packed": len(data), "size": len(data), **says}
        start = h.get("start", len(body))
        both = struct.pack(
            "<HHHHLLLH", h["flag"], h["method"], 0, 0, h["crc"], h["packed"], h["size"], len(name.encode())
        )
        body += b"PK\3\4" + struct.pack("<H", 20) + both + b"\0\0" + name.encode() + data
        directory += b"PK\1\2" + struct.pack("<HH", 20, 20) + both + struct.pack("<HHHHLL", 0, 0, 0, 0, 0, start)
        directory += name.encode()
    count = len(entries) if listed is None else listed
    end = struct.pack("<HHHHLLH", 0, 0, count, count, len(directory), len(body), len(comment))
    return body + directory + b"PK\5\6" + end + comment


def good_entries(**says: dict[str, int]) -> list[tuple[str, bytes, dict[str, int]]]:
    """The good file's members for `raw_zip`; ``terms={...}`` says something about terms.txt, and so on."""
    everything = {"manifest.json": manifest_of(MEMBERS), **MEMBERS}
    return [(name, data, says.get(name.split(".")[0], {})) for name, data in everything.items()]


def deflated(data: bytes, times: int = 1) -> bytes:
    """Deflated: the data so many times."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    once = packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)  # what follows does not depend on what was before
    return once * times + packer.flush()


def refused(data: bytes) -> str:
    """The message of a file that must be refused."""
    with pytest.raises(ModelFileError) as caught:
        store.from_bytes(data, "bad.stance")
    message = str(caught.value)
    assert message.startswith("bad.stance: ") and len(message) < 600
    return message


def refused_or_the_same(data: bytes) -> bool:
    """Whether a changed file is refused; otherwise nothing may have changed that matters."""
    try:
        model = store.from_bytes(data, "changed")
    except ModelFileError:
        return True
    assert store.to_bytes(model) == GOOD
    return False


def labels_as(data: bytes) -> StanceModel:
    """A file that is accepted must label, with finite numbers, and be saved again."""
    model = store.from_bytes(data, "odd.stance")
    with np.errstate(all="raise", under="ignore"):
        labelled = model.label(TEXT) + model.label(["", "ا" * 100, "ایران ترکیه " * 50])
    assert all(np.isfinite(list(p.scores.values())).all() for p in labelled)
    assert np.isfinite(model.score([TEXT])).all() and model.table.votes(TEXT) is not None
    assert store.to_bytes(store.from_bytes(store.to_bytes(model), "again")) == store.to_bytes(model)
    return model


def test_what_the_attacks_start_from_is_good() -> None:
    """Otherwise all of them could be refused for one and the same reason."""
    for data in (signed(), signed(method=zipfile.ZIP_DEFLATED), raw_zip(good_entries()), with_meta()):
        assert store.to_bytes(labels_as(data)) == GOOD


# --- damage ------------------------------------------------------------------------------------------------------


def test_every_truncation_is_refused() -> None:
    for length in range(len(GOOD)):
        with pytest.raises(ModelFileError):
            store.from_bytes(GOOD[:length], "cut")


def test_bytes_before_and_after() -> None:
    for odd in (b"\0", b"\n", b"PK\3\4", b"PK\5\6" + bytes(18), b"#!/bin/sh\n", GOOD[:100], GOOD):
        refused_or_the_same(odd + GOOD)
        refused_or_the_same(GOOD + odd)


def flipped(bits: Iterable[int]) -> int:
    """How many files are refused of those with one bit flipped each."""
    bad = 0
    for bit in bits:
        data = bytearray(GOOD)
        data[bit // 8] ^= 1 << bit % 8
        bad += refused_or_the_same(bytes(data))
    return bad


def test_a_thousand_bit_flips() -> None:
    assert flipped(np.random.default_rng(0).integers(0, 8 * len(GOOD), 1000).tolist()) > 900


@pytest.mark.long
def test_many_bit_flips() -> None:
    assert flipped(np.random.default_rng(1).integers(0, 8 * len(GOOD), 30_000).tolist()) > 27_000


@pytest.mark.long
def test_every_bit_of_the_directory() -> None:
    assert flipped(range(8 * GOOD.index(b"PK\1\2"), 8 * len(GOOD))) > 1000


# --- the zip -----------------------------------------------------------------------------------------------------


def test_foreign_names() -> None:
    for name in ("../evil", "/etc/passwd", "..\\evil", "C:\\evil", "terms.txt/", "TERMS.TXT", "x\0y", "é", "", "a/b/"):
        assert "once each" in refused(raw_zip([*good_entries(), (name, b"x", {})])), name
        # Renamed instead of added.
        assert "once each" in refused(raw_zip([(name, b"x", {}), *good_entries()[:1], *good_entries()[2:]])), name


def test_every_member_twice_or_missing() -> None:
    for n, entry in enumerate(good_entries()):
        assert "once each" in refused(raw_zip([*good_entries(), entry]))
        assert "once each" in refused(raw_zip([*good_entries()[:n], *good_entries()[n + 1 :]]))
    for name in MEMBERS:
        assert "once each" in refused(signed({name: None}))
    assert "once each" in refused(signed(number=1))  # format 1 has no states.txt
    assert "once each" in refused(signed({"states.txt": None}))


def test_a_name_cut_at_a_null_is_the_name() -> None:
    # zipfile ends names at a NUL; then the same name stands twice, or it is the right one.
    assert "once each" in refused(raw_zip([*good_entries(), ("terms.txt\0.exe", b"x", {})]))


def test_very_many_members() -> None:
    many = raw_zip([(f"{n}", b"", {}) for n in range(5000)])
    assert "list of members" in refused(many)
    # The number in the end record isn't what counts.
    assert "list of members" in refused(raw_zip([(f"{n}", b"", {}) for n in range(5000)], listed=9))


def test_zip64_and_comments() -> None:
    data = raw_zip(good_entries())
    end = data.index(b"PK\5\6")
    locator = b"PK\6\7" + struct.pack("<LQL", 0, end, 1)
    record = b"PK\6\6" + struct.pack("<QHHLLQQQQ", 44, 45, 45, 0, 0, 9, 1 << 40, 1 << 40, 0)
    refused(data[:end] + record + locator + data[end:])
    refused(data[: end + 12] + b"\xff" * 8 + data[end + 20 :])
    refused(raw_zip(good_entries(), comment=b"hello"))
    refused(raw_zip(good_entries(), comment=raw_zip([("evil", b"", {})])))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content, _ in good_entries():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(content)
    assert store.to_bytes(labels_as(out.getvalue())) == GOOD  # sizes in the long form, but true ones


def test_other_packings() -> None:
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        assert "packed in a way" in refused(signed(method=method))
    for method in (1, 9, 93, 97, 99, 65535):
        assert "packed in a way" in refused(raw_zip(good_entries(terms={"method": method})))
    for flag in (1, 0x41):
        assert "packed in a way" in refused(raw_zip(good_entries(terms={"flag": flag})))
    for flag in (0x20, 0x40):
        refused(raw_zip(good_entries(terms={"flag": flag})))


def test_bombs() -> None:
    bomb = deflated(bytes(1 << 20), 40)
    entries = [e for e in good_entries() if e[0] != "terms.txt"]
    for size in (40 << 20, 7 << 20, 0xFFFFFFF0):
        assert "would unpack to" in refused(raw_zip([*entries, ("terms.txt", bomb, {"method": 8, "size": size})]))
    # It says that it is small, in both headers; or that it is large when packed, which the file is too small for.
    assert "terms.txt" in refused(raw_zip([*entries, ("terms.txt", bomb, {"method": 8, "size": 1000})]))
    assert "overlap" in refused(raw_zip([*entries, ("terms.txt", bomb, {"method": 8, "size": 9, "packed": 1 << 20})]))
    # A zip in a zip is nothing that is ever looked into.
    assert "terms.txt" in refused(raw_zip([*entries, ("terms.txt", signed(), {})]))
    assert "would unpack to" in refused(raw_zip([("manifest.json", bytes(1 << 15), {}), *good_entries()[1:]]))


def test_sizes_that_are_not_true() -> None:
    for name, data, _ in good_entries():
        key, length = name.split(".")[0], len(data)
        for size in {0, 1, max(length - 1, 0), length + 1, 2 * length + 1, 0xFFFFFFFF} - {length}:
            refused(raw_zip(good_entries(**{key: {"size": size, "packed": length}})))
            refused_or_the_same(raw_zip(good_entries(**{key: {"size": length, "packed": size}})))


def test_members_that_overlap() -> None:
    # All point at one place: the name there fits one of them at most.
    assert refused(raw_zip(good_entries(**{name.split(".")[0]: {"start": 0} for name in MEMBERS})))
    for start in (1, len(raw_zip(good_entries())) - 30, 0xFFFFFFF0):
        refused(raw_zip(good_entries(terms={"start": start})))
    # Quoted: the local header of one is inside the data of another.
    inner = b"PK\3\4" + struct.pack("<HHHHHLLLHH", 20, 0, 0, 0, 0, 0, 9, 9, 9, 0) + b"terms.txt" + b"x\ny\nz\nu\nv"
    entries = [(n, inner if n == "pairs.txt" else d, h) for n, d, h in good_entries()]
    at = raw_zip(entries).index(inner)
    refused(raw_zip([(n, d, {"start": at, "size": 9, "packed": 9} if n == "terms.txt" else h) for n, d, h in entries]))


def test_manifests() -> None:
    good = json.loads(manifest_of(MEMBERS))
    for number in (0, 3, 99, -1, 1 << 70, 2.0, True, "2", None, [2], {"2": 2}):
        message = refused(raw_zip([("manifest.json", json.dumps({**good, "format": number}).encode(), {}),
                                   *good_entries()[1:]]))  # fmt: skip
        assert "this version reads formats 1 to 2" in message
    one = good["members"]["idf.npy"]
    bad: list[Any] = [
        [], 1, None, "x", {}, {"format": 2}, {"format": 2, "members": []}, {"format": 2, "members": {}},
        {**good, "members": {**good["members"], "idf.npy": None}},
        {**good, "members": {**good["members"], "idf.npy": [one["size"], one["sha256"]]}},
        {**good, "members": {**good["members"], "idf.npy": {**one, "size": str(one["size"])}}},
        {**good, "members": {**good["members"], "idf.npy": {**one, "size": -1}}},
        {**good, "members": {**good["members"], "idf.npy": {**one, "sha256": one["sha256"].upper()}}},
        {**good, "members": {**good["members"], "idf.npy": {**one, "sha256": None}}},
        {**good, "members": {**good["members"], "idf.npy": {"size": one["size"]}}},
    ]  # fmt: skip
    for manifest in bad:
        refused(raw_zip([("manifest.json", json.dumps(manifest).encode(), {}), *good_entries()[1:]]))
    for data in (b"", b"{", b"[" * 16000, b'{"a":' * 3000, b"1" * 9000, b"\xff\xfe{", b"NaN", b"\x80\x04."):
        assert "manifest.json" in refused(raw_zip([("manifest.json", data, {}), *good_entries()[1:]]))


# --- model.json --------------------------------------------------------------------------------------------------


def test_model_json_that_is_none() -> None:
    for data in (b"", b"{", b"[]", b"null", b"[" * 100_000, b'{"a":' * 50_000, b"{" + b"1" * 100_000, b"\xff",
                 MEMBERS["model.json"].decode().encode("utf-16"), b"\xef\xbb\xbf" + MEMBERS["model.json"],
                 b'{"about": 1' + b"1" * 10_000 + b"}"):  # fmt: skip
        assert "model.json" in refused(signed({"model.json": data}))


def test_every_key_of_model_json_missing_or_of_another_type() -> None:
    odd: list[Any] = [None, True, False, 0, -1, 1 << 2000, 1e308, "", "x", [], [[]], {}, {"a": 1}, [None], ["1"] * 12]
    for key in META:
        assert "must have the keys" in refused(with_meta(**{key: ...}))
        for value in odd:
            if type(value) is not type(META[key]) or isinstance(value, str | list):
                refused(with_meta(**{key: value}))
    assert "must have the keys" in refused(with_meta(more=1))


def test_every_number_of_model_json() -> None:
    for key in ("step", "bias", "threshold", "slope", "offset"):
        values = META[key]
        for value in (float("nan"), float("inf"), -float("inf"), 1e300, 1 << 1000, True, None, "1", [1.0], {}):
            assert key in refused(with_meta(**{key: [*values[:-1], value]})), value
        assert key in refused(with_meta(**{key: values[:-1]}))
        assert key in refused(with_meta(**{key: [*values, 0.0]}))
        for value in (0, -1, 1e9, -1e9, 1e-300, 5e-324):
            labels_as(with_meta(**{key: [value] * len(values)}))


def test_the_largest_numbers_that_are_allowed() -> None:
    largest = with_lines(MEMBERS["terms.txt"].split(b"\n"))
    largest["idf.npy"] = npy(np.full(TERMS, 1e6, "<f4"))
    largest["coef.npy"] = npy(np.full((LABELS, TERMS), -32768, "<i2"))
    largest["model.json"] = json.dumps({**META, **{key: [1e9] * len(META[key]) for key in
                                                   ("step", "bias", "threshold", "slope", "offset")}}).encode()  # fmt: skip
    labels_as(signed(largest))


def test_ngram_ranges() -> None:
    for value in ([1, 1 << 40], [0, 3], [3, 2], [-1, 3], [1, 21], [3.0, 5], [True, 5], [3], [3, 4, 5], ["3", "5"], "35",
                  {"3": 1, "5": 2}, [[], []], [1 << 70, 1 << 70]):  # fmt: skip
        assert "ngram_range" in refused(with_meta(ngram_range=value))
    labels_as(with_meta(ngram_range=[1, 20]))
    labels_as(with_meta(ngram_range=[20, 20]))


def test_words_among_few() -> None:
    for key, allowed in (("count", ("binary", "log", "raw")), ("normalizer", ("fold",))):  # hazm loads slowly
        for value in allowed:
            labels_as(with_meta(**{key: value}))
        for value in ("Log", "", "fold ", None, 1, ["log"], {"fold": 1}):
            assert key in refused(with_meta(**{key: value}))
    labels_as(with_meta(gazetteer=False))
    for value in (1, 0, "yes", None, []):
        assert "gazetteer" in refused(with_meta(gazetteer=value))


@pytest.mark.long
def test_normalizer_of_hazm() -> None:
    labels_as(with_meta(normalizer="hazm"))


def test_taxonomies() -> None:
    good = META["taxonomy"]["topic"]
    nested: Any = "x"
    for _ in range(500):
        nested = [nested]
    bad: list[Any] = [
        {"topic": []}, {"topic": {}}, {"topic": good[:2]}, {"topic": [*good, topic("more")]}, {"topic": good, "more": 1},
        {"topic": [good[0], good[0], good[2]]}, {"topic": [1, 2, 3]}, {"topic": [None] * 3}, {"topic": "abc"},
        {"topic": [*good[:2], {}]}, {"topic": nested},
    ]  # fmt: skip
    for key in ("name", "title", "about", "target", "more"):
        for value in (None, 1, "", "X", "../x", "a" * 41, "\x1b[31m", [], {}, {"en": "x"}, {"en": 1, "fa": "x"},
                      {"en": "x", "fa": "x", "de": "x"}, ["en", "fa"], "\ud800"):  # fmt: skip
            bad.append({"topic": [*good[:2], {**good[2], key: value}]})
    for value in (None, 1, "abc", {}, [1], [None], [[]]):
        bad.append({"topic": [*good[:2], {**good[2], "keywords": value}]})
    for taxonomy in bad:
        refused(with_meta(taxonomy=taxonomy))
    assert formats.columns([], metadata=True).keys() == set(HEAD_COLUMNS)
    for names in (("a", "a_score", "b"), ("a_stance_score", "b", "a_stance"), *((n, "a", "b") for n in HEAD_COLUMNS)):
        assert "two columns" in refused(with_meta(taxonomy={"topic": [topic(name) for name in names]}))
    labels_as(with_meta(taxonomy={"topic": [topic(name) for name in ("a", "a_scores", "text_a")]}))


def test_surrogates() -> None:
    for key in ("title", "about", "target"):
        topics = json.loads(json.dumps(META["taxonomy"]["topic"]))
        topics[0][key]["fa"] = "\ud800"
        assert "model.json" in refused(with_meta(taxonomy={"topic": topics}))
    assert "model.json" in refused(with_meta(about={"\udfff": 1}))
    for name in ("terms.txt", "pairs.txt", "compounds.txt", "lemmas.txt", "states.txt"):
        assert f"{name} is not UTF-8" in refused(signed({name: MEMBERS[name] + "\ud800".encode("utf-8", "surrogatepass")
                                                         if name != "lemmas.txt" else b"a\t\xed\xa0\x80"}))  # fmt: skip


def test_many_topics() -> None:
    labels_as(signed(with_lines([b"a", b"b"], 4 * 1000, **{"model.json": with_topics(1000), "pairs.txt": b""})))
    assert "1001 topics" in refused(signed(with_lines([b"a"], 4004, **{"model.json": with_topics(1001)})))


# --- arrays ------------------------------------------------------------------------------------------------------


def header(described: str, data: bytes, length: int | None = None) -> bytes:
    text = described.encode("latin-1").ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text) if length is None else length) + text + data


@pytest.mark.parametrize("name", ["idf.npy", "coef.npy"])
def test_arrays_of_another_kind(name: str, tmp_path: Path) -> None:
    good = np.load(io.BytesIO(MEMBERS[name]))
    data, kind, shape = good.tobytes(), good.dtype.str, good.shape
    touched = tmp_path / "touched"

    def says(kind: str, shape: object, order: object = False, more: str = "") -> str:
        return f"{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, {more}}}"

    headers = [
        *(says(other, shape) for other in ("|O", "<f8", "|V4", kind.replace("<", ">"), kind.replace("<", "="))),
        *(says(kind, other) for other in ("(-1,)", f"({1 << 60},)", "()", "(0,)", "None", f"{shape[::-1]}" + " ")),
        says(kind, shape, order=True),
        says(kind, shape, more=f"'x': open({str(touched)!r}, 'w')"),
        f"__import__('pathlib').Path({str(touched)!r}).touch()",
        "\x1b[31m\n\x00",
        "",
    ]
    for described in headers:
        message = refused(signed({name: header(described, data)}))
        assert f"{name} has the header" in message
        assert "\x1b" not in message and "\n" not in message
    assert not touched.exists()
    fine = says(kind, shape)
    assert store.to_bytes(labels_as(signed({name: header(fine, data)}))) == GOOD
    for bad in (header(fine, data[:-1]), header(fine, data + b"\0"), header(fine, b""), header(fine, data, 65535),
                header(fine, data, 0), b"", b"\x93NUMPY", data, b"\x93NUMPY\x02\x00" + MEMBERS[name][8:],
                pickle.dumps(good)):  # fmt: skip
        assert name in refused(signed({name: bad}))
    objects = io.BytesIO()
    np.save(objects, np.array([touched.touch] * len(good), dtype=object), allow_pickle=True)
    assert name in refused(signed({name: objects.getvalue()}))


def test_idf_that_is_no_weight() -> None:
    for value in (np.nan, np.inf, -np.inf, -1.0, 3e38, -1e-30):
        idf = np.ones(TERMS, "<f4")
        idf[TERMS // 2] = value
        assert "idf.npy must hold" in refused(signed({"idf.npy": npy(idf)}))
    labels_as(signed({"idf.npy": npy(np.zeros(TERMS, "<f4"))}))
    labels_as(signed({"idf.npy": npy(np.full(TERMS, 1e-45, "<f4"))}))


# --- lists -------------------------------------------------------------------------------------------------------


def test_terms() -> None:
    terms = MEMBERS["terms.txt"].split(b"\n")
    for bad in (b"", b"\n".join(terms[:-1]), b"\n".join([*terms, b"x"]), MEMBERS["terms.txt"] + b"\n", b"\xff"):
        refused(signed({"terms.txt": bad}))
    grams = [n for n, term in enumerate(terms) if term.startswith(b"#")]
    words = [n for n, term in enumerate(terms) if term[:1] not in b"#@="]
    for first, second in (grams[:2], words[:2]):
        twice = [*terms[:first], terms[second], *terms[first + 1 :]]
        assert "terms.txt" in refused(signed({"terms.txt": b"\n".join(twice)}))
    for bad_line in (b"", b"x" * 201, b"\x1b]0;x\x07", b"a\rb", b"\x00", "\x9b31m".encode(), "\u202e".encode()):
        assert "terms.txt" in refused(signed({"terms.txt": b"\n".join([*terms[:-1], bad_line])}))
    # Letters whose bytes begin as those of control characters do.
    labels_as(signed({"terms.txt": b"\n".join([*terms[:-1], "ªⴰ".encode()])}))


def test_odd_terms_label() -> None:
    odd = ["#", "#<", "=", "@", "@@", "#@", "@these=", "@these=+", "@these=IR", "@these=IR+TR+X", "@these=TR+IR", "@these",
           "@state", "@states=9", "@length=", "<", ">", " ", "  ", "a b c", "x" * 200, "\U0010fffd", "#" + "م" * 30]  # fmt: skip
    labels_as(signed(with_lines([line.encode() for line in odd], **{"pairs.txt": b""})))
    labels_as(signed(with_lines([b"x"], **{"pairs.txt": b"", "compounds.txt": b"", "states.txt": b""})))


def test_pairs() -> None:
    for bad in (b"ab", b"a\tb\tc", b"a\tb\n", b"a\t\tb", b"a\tb\nab", b"a b\tc", b"\n", b"a\tb\na\tb", b"\xc3\t"):
        assert "pairs.txt" in refused(signed({"pairs.txt": bad}))
    for odd in (b"", b"\t", b"a\t", b"\ta", b"a\ta", b"@\t@"):
        labels_as(signed({"pairs.txt": odd}))


def test_compounds_lemmas_states() -> None:
    for name, bad in {
        "compounds.txt": [b"a", b"a\tb\tc", b"a\tb\n", b"\n", b"a\tb\na\tb", b"\xff\tb", b"a\t" + b"x" * 200, b"\x1b\ta"],
        "lemmas.txt": [b"a", b"a\tb\tc", b"a\tb\n", b"\n", b"a\tb\na\tc", b"\xff\tb", b"a\t" + b"x" * 200, b"\x1b\ta"],
        "states.txt": [b"a", b"a\tb", b"a\t@state\tIR\n", b"a\t@states\tIR", b"a\tx\tIR", b"a\t\x1b\tIR", b"\n",
                       b"a\t@state\tIR\na\t@capital\tTR", b"a\t@state\t\x1b[31m", b"a\t@state\tIR\tx"],
    }.items():  # fmt: skip
        for data in bad:
            assert name in refused(signed({name: data}))
    labels_as(signed({"compounds.txt": b""}))
    labels_as(signed({"compounds.txt": "\t\nⴰ\tª\na b\tc".encode()}))
    labels_as(signed({"lemmas.txt": "نفت\t\n\tx\nایران\tترکیه".encode()}))
    labels_as(signed({"states.txt": b""}))
    labels_as(signed({"states.txt": "ایران\t@leader\t+\nترکیه\t@citizen\t\n\t@state\tx".encode()}))


def test_too_many_lines() -> None:
    for name, line, count in (
        ("compounds.txt", "{}\tx", 50_001),
        ("lemmas.txt", "{}\tx", 100_001),
        ("states.txt", "{}\t@state\tx", 20_001),
        ("pairs.txt", "{}\tx", 150_001),
    ):
        lines = "\n".join(line.format(n) for n in range(count)).encode()
        assert f"{name} has more than {count - 1} lines" in refused(signed({name: lines}))
    # As squares of their number are kept.
    assert "1001 states" in refused(
        signed({"states.txt": "\n".join(f"{n}\t@state\t{n}" for n in range(1001)).encode()})
    )
    labels_as(signed({"states.txt": "\n".join(f"{n}\t@state\t{n}" for n in range(1000)).encode()}))
    marked = [b"@these=%d" % n for n in range(50_001)]
    assert "units about states" in refused(signed(with_lines(marked, **{"pairs.txt": b""})))


def _same_slot(count: int) -> list[str]:
    """Words whose hashes want one slot in every table of up to 2 ** 14 slots."""
    letters = "ابپتجچحخدذرزسشصضطظعغفقکگلمنهی"
    ends = [a + b + c for a in letters for b in letters for c in letters]
    hashes = hashes_of(ends)
    table = HashTable()
    table._shift = np.uint64(64 - 14)
    found: list[str] = []
    for first in (a + b for a in letters for b in letters):
        slots = table._first_slot(joined(hashes_of([first]), np.array([2]), hashes))
        found += [first + ends[n] for n in np.flatnonzero(slots == 1234).tolist()]
        if len(found) >= count:
            break
    return found[:count]


def test_words_made_to_collide() -> None:
    """In a file they cost no more than others, and a text of them is labelled."""
    words = _same_slot(300)
    assert len(words) == 300
    model = labels_as(signed(with_lines([word.encode() for word in words], **{"pairs.txt": b""})))
    assert len(model.label([" ".join(words)])) == 1
    fresh = store.from_bytes(GOOD, "good")
    once = fresh.score([" ".join(words)])
    assert np.array_equal(once, VoteTable(fresh.table.features).scores([" ".join(words)]))


# --- pickles -----------------------------------------------------------------------------------------------------


class Evil:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str, str]]:
        return open, (str(self.path), "w")


def test_a_pickle_is_not_a_model(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        evil = pickle.dumps(Evil(touched), protocol)
        assert "not a stancelib model file" in refused(evil)
        for name in MEMBERS:
            refused(signed({name: evil}))
        refused(raw_zip([("archive/data.pkl", evil, {})]))
        refused(raw_zip([("manifest.json", evil, {}), *good_entries()[1:]]))
    assert not touched.exists()
    pickle.loads(evil).close()
    assert touched.exists()  # so it would have been


# --- time and memory ---------------------------------------------------------------------------------------------

_CHILD = """
import re, resource, sys, time
from pathlib import Path
from stancelib import store
from stancelib.errors import ModelFileError
start = time.perf_counter()
try:
    store.load(sys.argv[1]).label("ایران و ترکیه")
    said = "accepted"
except ModelFileError as error:
    said = str(error)
if (status := Path("/proc/self/status")).exists():  # getrusage may know what the process before took, too
    most = int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]) // 1024
else:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(f"{time.perf_counter() - start:.2f} s, {most} MB: {said}")
"""


def _numbered(count: int, before: str = "", after: str = "") -> list[bytes]:
    return [f"{before}{n:x}{after}".encode() for n in range(count)]


def _most(after: str = "") -> dict[str, bytes]:
    pairs = b"\n".join(b"%x\t%x" % (n % 1000, n // 1000) for n in range(120_000))
    return with_lines([*_numbered(40_000, "@these="), *_numbered(350_000, after=after)], **{"pairs.txt": pairs})


def _large_topics() -> dict[str, bytes]:
    pairs = b"\n".join(b"%x\t%x" % (n % 1000, n // 1000) for n in range(500))
    return with_lines(_numbered(2000), 4000, **{"model.json": with_topics(1000), "pairs.txt": pairs})


def _deep() -> bytes:
    return json.dumps({**META, "about": 0}).replace('"about": 0', '"about": ' + "[" * 200_000).encode()


WORST: dict[str, Callable[[], bytes]] = {
    "says it is small": lambda: raw_zip(
        [("lemmas.txt", deflated(bytes(1 << 20), 800), {"method": 8, "size": 0, "crc": 0}),
         *[entry for entry in good_entries() if entry[0] != "lemmas.txt"]]),
    "as large as can be": lambda: signed(_most()),
    "as wide as can be": lambda: signed(_most("\U00010400")),
    "equal terms": lambda: signed(with_lines([b"a"] * 390_000)),
    "equal n-grams": lambda: signed(with_lines([b"#a"] * 390_000)),
    "a million equal terms": lambda: signed({"terms.txt": b"a\n" * 1_000_000 + b"a"}),
    "one long term": lambda: signed(with_lines([b"a" * 6_000_000, b"b"])),
    "long terms": lambda: signed(with_lines(_numbered(30_000, after="a" * 190))),
    "one term of another plane": lambda: signed(with_lines([*_numbered(30_000, after="a" * 190), "\U00010400".encode()])),
    "copyright signs": lambda: signed(with_lines(_numbered(30_000, after="©" * 90))),
    "topics": lambda: signed(_large_topics()),
    "too many topics": lambda: signed({"model.json": with_topics(3000)}),
    "lemmas": lambda: signed({"lemmas.txt": b"\n".join(_numbered(100_000, after="\tx"))}),
    "compounds": lambda: signed({"compounds.txt": b"\n".join(_numbered(50_000, after="\tx"))}),
    "states": lambda: signed({"states.txt": b"\n".join(b"%x\t@state\t%x" % (n, n % 1000) for n in range(20_000))}),
    "a state a name": lambda: signed({"states.txt": b"\n".join(b"%x\t@state\t%x" % (n, n) for n in range(20_000))}),
    "deep": lambda: signed({"model.json": _deep()}),
    "about": lambda: with_meta(about={"a": [[]] * 120_000}),
    "nothing but noughts": lambda: b"PK\3\4" + bytes(40 << 20) + b"PK\5\6" + bytes(18),
}  # fmt: skip


TELLING = ("says it is small", "as large as can be", "as wide as can be", "equal terms", "one long term", "topics",
           "a state a name", "nothing but noughts")  # fmt: skip


@pytest.mark.parametrize("name", [n if n in TELLING else pytest.param(n, marks=pytest.mark.long) for n in WORST])
def test_little_time_and_memory(name: str, tmp_path: Path) -> None:
    """Refused or accepted: loaded in a process of its own, which takes less than 200 MB for all that it has loaded."""
    file = tmp_path / "worst.stance"
    file.write_bytes(WORST[name]())
    child = subprocess.run(
        [sys.executable, "-c", _CHILD, file],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), "PYTHONUTF8": "1"},
        check=True,
        timeout=60,
    )
    time, memory = child.stdout.split()[0], child.stdout.split()[2]
    assert int(memory) < 200, child.stdout
    assert float(time) < 10, child.stdout


def test_devices_are_not_read_for_ever(tmp_path: Path) -> None:
    if not Path("/dev/zero").exists():
        pytest.skip("there is no /dev/zero")
    with pytest.raises(ModelFileError, match="at most"):
        store.load("/dev/zero")
    for path in (tmp_path, tmp_path / "none", "a\0b", "/dev/null"):
        with pytest.raises(ModelFileError):
            store.load(path)


# --- the command -------------------------------------------------------------------------------------------------


def test_the_command_refuses_in_one_line(run: Any, tmp_path: Path) -> None:
    article, bad = tmp_path / "article.txt", tmp_path / "bad.stance"
    article.write_text(TEXT, encoding="utf-8")
    for data in (
        b"", GOOD[:-1], pickle.dumps(TEXT), signed({"model.json": b"[" * 9000}), signed(number="\x1b[31m\n" * 99),
        with_meta(ngram_range="\x1b[31m\n" * 9999), signed({"states.txt": b"a\t\n\x1b[31m\tb"}),
        signed({"idf.npy": header("\x1b[31m\n", b"")}), with_meta(taxonomy={"topic": [{"name": "\x1b[31m\n" * 999}]}),
    ):  # fmt: skip
        bad.write_bytes(data)
        for arguments in (("label", "--model", bad, article), ("info", "--model", bad)):
            code, out, err = run(*arguments)
            assert (code, out) == (3, ""), err
            assert err.startswith("stancelib: ") and err.count("\n") == 1 and len(err) < 1000
            assert "\x1b" not in err and "Traceback" not in err


def test_info_shows_what_a_file_says_of_itself_without_harm(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "odd.stance"
    evil = "\x1b]0;evil\x07\x9b31m\r\n\u202e"
    names = [t["name"] for t in META["taxonomy"]["topic"]]
    odd: list[Any] = [None, 1, "x", evil, [], [evil], {}, {evil: evil}, "x" * 100_000]
    abouts: list[Any] = [{}]
    for value in odd:
        abouts += [{key: value} for key in META["about"]]
        abouts += [{"stances": {names[0]: value}, "out_of_fold": {names[0]: value}},
                   {"stances": {names[0]: {"favor": value}}, "out_of_fold": {"paragraphs": value, names[0]: {"F1": value}}}]  # fmt: skip
    topics = json.loads(json.dumps(META["taxonomy"]["topic"]))
    for key in ("title", "about", "target"):
        topics[0][key] = {"en": evil, "fa": evil}
    for about in abouts:
        file.write_bytes(with_meta(about=about, taxonomy={"topic": topics}))
        code, out, err = run("info", "--model", file)
        assert (code, err) == (0, "")
        assert not set(out) & set(evil.replace("\n", "")) - set("]0;evil31m")
        assert "\\x1b]0;evil" in out and len(out) < 10_000


def test_a_model_that_could_not_be_loaded_is_not_saved(tmp_path: Path) -> None:
    model = store.from_bytes(signed(), "good")
    object.__setattr__(model, "threshold", model.threshold * np.nan)
    with pytest.raises(ModelFileError, match="threshold"):
        store.save(model, tmp_path / "model.stance")
    assert list(tmp_path.iterdir()) == []
