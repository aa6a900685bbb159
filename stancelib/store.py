"""The model file: one zip of JSON, text and .npy members, checked whole before anything is built from it. No pickle.

Format 2. To change it: raise FORMAT, keep reading the old ones, and keep a golden file of each in tests/golden. Format 1
had no states.txt, so its models take the states' names of the package, and the joined form of each compound.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
import math
import os
import re
import zipfile
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stancelib import taxonomy as taxonomies
from stancelib import units
from stancelib.errors import ModelFileError, StancelibError
from stancelib.files import write_whole
from stancelib.hashes import Lines
from stancelib.model import Labels, StanceModel
from stancelib.records import STANCES
from stancelib.rows import nesting
from stancelib.units import Gazetteer
from stancelib.votes import FeatureTable, VoteTable

if TYPE_CHECKING:
    from stancelib.arrays import Floats, NDArray


FORMAT = 2
_MANIFEST = "manifest.json"
_MEMBERS_1 = ("model.json", "terms.txt", "pairs.txt", "compounds.txt", "lemmas.txt", "idf.npy", "coef.npy")
_MEMBERS = {1: _MEMBERS_1, 2: (*_MEMBERS_1, "states.txt")}
# What a member may unpack to and how many lines it may have: three times and more what the shipped model has, and little
# enough for any file to be loaded or refused within 200 MB.
_MOST = {
    _MANIFEST: 1 << 14,
    "model.json": 1 << 19,
    "terms.txt": 6 << 20,
    "pairs.txt": 4 << 20,
    "compounds.txt": 1 << 20,
    "lemmas.txt": 2 << 20,
    "idf.npy": 2 << 20,
    "coef.npy": 16 << 20,
    "states.txt": 1 << 20,
}
_MOST_LINES = {
    "terms.txt": 400_000,
    "pairs.txt": 150_000,
    "compounds.txt": 50_000,
    "lemmas.txt": 100_000,
    "states.txt": 20_000,
}
_MAX_FILE = 32 << 20
_MAX_DIRECTORY = 1 << 12
_MAX_LINE = 200  # characters; a pair is two tokens
_MAX_TOPICS = 1000
_MAX_STATES = 1000
_MAX_MARKED = 50_000  # units about states and length
_MAX_VOTES = 2 << 20  # numbers that these and the pairs have for the labels
_MAX_NESTING = 20
_MAX_SAID = 500  # characters of a message, which may quote the file
# Larger numbers come from no training, and sums of them might leave what a float can hold.
_MAX_NUMBER, _MAX_IDF = 1e9, 1e6
_KEYS = {
    *("about", "taxonomy", "ngram_range", "count", "gazetteer", "normalizer"),
    *("step", "bias", "threshold", "slope", "offset"),
}
# Control characters, and those that turn the direction of text: a name with them could deceive who sees it. No byte of
# _PLAIN begins one of them, which is told much faster.
_PLAIN = bytes(set(range(32, 256)) - {0x7F, 0xC2, 0xE2}) + b"\t\n"
_CONTROL = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def to_bytes(model: StanceModel) -> bytes:
    """The model file's bytes; the same model gives the same bytes."""
    table = model.table.features
    meta = {
        "about": dict(model.about),
        "taxonomy": model.taxonomy.as_dict(),
        "ngram_range": list(table.ngram_range),
        "count": table.count,
        "gazetteer": table.gazetteer is not None,
        "normalizer": table.normalizer,
        "step": table.step.tolist(),
        "bias": table.bias.tolist(),
        "threshold": model.threshold.tolist(),
        "slope": model.slope.tolist(),
        "offset": model.offset.tolist(),
    }
    members = {
        "model.json": json.dumps(meta, ensure_ascii=False, sort_keys=True, indent=1).encode(),
        "terms.txt": _lines(table.terms),
        "pairs.txt": _lines(pair.replace(" ", "\t") for pair in table.pairs),
        "compounds.txt": _lines("\t".join(pair) for pair in sorted(table.compounds)),
        "lemmas.txt": _lines("\t".join(item) for item in sorted(table.lemmas.items())),
        "idf.npy": _npy(table.idf.astype("<f4")),
        "coef.npy": _npy(table.quantised.astype("<i2").T),  # by label: its values compress better together
        "states.txt": _lines("\t".join(state) for state in _states(table.gazetteer)),
    }
    manifest = {
        "format": FORMAT,
        "members": {n: {"size": len(b), "sha256": hashlib.sha256(b).hexdigest()} for n, b in members.items()},
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in {_MANIFEST: json.dumps(manifest, sort_keys=True).encode(), **members}.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED, 9)
    return file.getvalue()


def save(model: StanceModel, path: str | os.PathLike[str]) -> None:
    """Write a model file: to a temporary file beside it, then renamed, so that it is the old or the new one.

    Raises:
        ModelFileError: it could not be loaded again, because it is too large; nothing was written.
    """
    data = to_bytes(model)
    from_bytes(data, str(path))
    write_whole(Path(path), data)


def load(path: str | os.PathLike[str] | None = None) -> StanceModel:
    """Load a model file, or the shipped model.

    Args:
        path: the file; ``None`` is the shipped model (read once a process).

    Raises:
        ModelFileError: the file can't be read, is damaged, or is of a format that this version doesn't know.
    """
    return _shipped() if path is None else from_bytes(read_bytes(path), str(path))


def read_bytes(path: str | os.PathLike[str] | None = None) -> bytes:
    """What stands in a model file, or in the shipped one, as it is.

    Raises:
        ModelFileError: it can't be read, or is larger than a model file may be.
    """
    if path is None:
        return resources.files("stancelib").joinpath("data/model.stance").read_bytes()
    try:
        with Path(path).open("rb") as file:
            data = file.read(_MAX_FILE + 1)  # a device could go on for ever
    except OSError as error:
        raise ModelFileError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise ModelFileError(f"{path!r}: {error}") from error
    if len(data) > _MAX_FILE:
        raise ModelFileError(f"{path}: a model file has at most {_MAX_FILE} bytes")
    return data


@functools.cache
def _shipped() -> StanceModel:
    return from_bytes(read_bytes(), "the shipped model")


def label(
    source: str | Iterable[str], *, doc: str = "", threshold: float | None = None, stance_threshold: float = 0.0
) -> Labels:
    """`StanceModel.label` with the shipped model.

    >>> label("نشست وزیران نفت ایران و عراق برگزار شد.")[0].kind
    'body'
    """
    return _shipped().label(source, doc=doc, threshold=threshold, stance_threshold=stance_threshold)


def from_bytes(data: bytes, where: str) -> StanceModel:
    """A model from its file's bytes.

    Raises:
        ModelFileError: what is wrong with it; ``where`` names the file in the message.
    """
    try:
        return _build(*_checked_members(data))
    except StancelibError as error:
        raise ModelFileError(f"{where}: {str(error)[:_MAX_SAID]}") from error
    except Exception as error:  # whatever a damaged member brings out of the standard library
        said = f"{type(error).__name__}: {error}"[:_MAX_SAID]
        raise ModelFileError(f"{where}: not a stancelib model file, or a damaged one ({said})") from error


def _checked_members(data: bytes) -> tuple[int, dict[str, bytes]]:
    """The format and every member's bytes, after names, sizes and hashes were found right."""
    _check_directory(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
        found = sorted(info.filename for info in infos)
        if _MANIFEST not in found or len(set(found)) < len(found) or not set(found) <= set(_MOST):
            raise ModelFileError(f"a model file has the members {', '.join(_MOST)} once each")
        if sum(info.compress_size for info in infos) > len(data):
            raise ModelFileError("its members overlap, or say that they are larger than the file")
        for info in infos:
            if info.file_size > (most := _MOST[info.filename]):
                raise ModelFileError(
                    f"{info.filename} would unpack to {info.file_size} bytes; at most {most} are allowed"
                )
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.flag_bits & 1:
                raise ModelFileError(f"{info.filename} is packed in a way that a model file never is")
        manifest = _object(_unpacked(archive, _MANIFEST), _MANIFEST)
        number, listed = manifest.get("format"), manifest.get("members")
        if type(number) is not int or number not in _MEMBERS:
            raise ModelFileError(f"format {number!r}; this version reads formats 1 to {FORMAT}: use a newer stancelib")
        names = _MEMBERS[number]
        if found != sorted((_MANIFEST, *names)):
            raise ModelFileError(
                f"a model file of format {number} has the members {', '.join((_MANIFEST, *names))} once each"
            )
        members = {}
        for name in names:
            expected = listed.get(name) if isinstance(listed, dict) else None
            if not isinstance(expected, dict) or expected.get("size") != archive.getinfo(name).file_size:
                raise ModelFileError(f"{name} has not the size that the manifest says")
            members[name] = _unpacked(archive, name)
            if hashlib.sha256(members[name]).hexdigest() != expected.get("sha256"):
                raise ModelFileError(f"{name} has not the SHA-256 that the manifest says")
        return number, members


def _unpacked(archive: zipfile.ZipFile, name: str) -> bytes:
    """A member's bytes, as many as it says it has: `ZipFile.read` unpacks all that is there before it cuts that off."""
    size = archive.getinfo(name).file_size
    with archive.open(name) as member:
        data = member.read(size)
    if len(data) != size:
        raise ModelFileError(f"{name} is cut off")
    return data


def _object(data: bytes, name: str) -> dict[str, Any]:
    """A JSON member that can be written as it was read."""
    try:
        value = json.loads(data.decode())
        json.dumps(value, ensure_ascii=False).encode()  # no lone surrogates
        deep = nesting(value) > _MAX_NESTING
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{name} is not JSON in UTF-8: {error}") from error
    if deep or not isinstance(value, dict):
        raise ModelFileError(f"{name} is not an object, or has more than {_MAX_NESTING} levels")
    return value


def _check_directory(data: bytes) -> None:
    """Look at the frame of the zip before anything is made of its directory, which could list millions of members."""
    end = len(data) - 22  # the record that ends a zip without a comment
    if data[:4] != b"PK\x03\x04" or data[end : end + 4] != b"PK\x05\x06":
        raise ModelFileError("not a stancelib model file, or cut off: it does not begin and end as one")
    if (
        int.from_bytes(data[end + 12 : end + 16], "little") > _MAX_DIRECTORY
        or data[end - 20 : end - 16] == b"PK\x06\x07"
    ):
        raise ModelFileError("its list of members is longer than that of any model file")


def _build(number: int, members: dict[str, bytes]) -> StanceModel:
    meta = _object(members["model.json"], "model.json")
    if set(meta) != _KEYS:
        raise ModelFileError(f"model.json must have the keys {', '.join(sorted(_KEYS))} and no other")
    taxonomy = taxonomies.from_dict(meta["taxonomy"], "taxonomy")
    topics = len(taxonomy.topics)
    if topics > _MAX_TOPICS:
        raise ModelFileError(f"{topics} topics; at most {_MAX_TOPICS} are allowed")
    labels = topics * (1 + len(STANCES))
    step, bias = _vector(meta, "step", labels), _vector(meta, "bias", labels)
    threshold, slope, offset = (_vector(meta, key, topics) for key in ("threshold", "slope", "offset"))
    ngram_range = meta["ngram_range"]
    if not isinstance(ngram_range, list) or [type(n) for n in ngram_range] != [int, int]:
        raise ModelFileError(f"ngram_range {ngram_range!r} is not two whole numbers")
    smallest, largest = ngram_range
    if not 1 <= smallest <= largest <= units.LARGEST_NGRAM:
        raise ModelFileError(f"ngram_range {ngram_range!r} must be from 1 to {units.LARGEST_NGRAM}")
    if meta["count"] not in ("binary", "log", "raw") or meta["normalizer"] not in ("fold", "hazm"):
        raise ModelFileError("count must be binary, log or raw, and normalizer fold or hazm")
    if not isinstance(meta["gazetteer"], bool) or not isinstance(meta["about"], dict):
        raise ModelFileError("gazetteer must be true or false, and about an object")
    # Lines take many times their size, so they are counted first.
    lines = {name: members[name].count(b"\n") + 1 for name in members if name in _MOST_LINES}
    if too_many := [name for name, count in lines.items() if count > _MOST_LINES[name]]:
        raise ModelFileError(f"{too_many[0]} has more than {_MOST_LINES[too_many[0]]} lines")
    width = lines["terms.txt"]
    idf = _array(members.pop("idf.npy"), "idf.npy", "<f4", (width,)).astype(np.float64)
    if not ((idf >= 0) & (idf <= _MAX_IDF)).all():
        raise ModelFileError(f"idf.npy must hold numbers from 0 to {_MAX_IDF:g}")
    quantised = np.empty((width, labels), dtype=np.int16)
    for label, column in enumerate(_array(members.pop("coef.npy"), "coef.npy", "<i2", (labels, width))):
        quantised[:, label] = column  # three times as fast as to copy the transposed whole
    marked, most = members["terms.txt"].count(b"@"), _MAX_VOTES // (labels + 1)
    if marked > _MAX_MARKED or lines["pairs.txt"] + marked > most:
        raise ModelFileError(
            f"{lines['pairs.txt']} pairs and some {marked} units about states; at most {most} for {labels} labels, "
            f"{_MAX_MARKED} of them about states"
        )
    table = FeatureTable(
        terms=_as_lines(members.pop("terms.txt"), "terms.txt"),
        idf=idf,
        quantised=quantised,
        step=step,
        bias=bias,
        pairs=_as_lines(members.pop("pairs.txt"), "pairs.txt"),
        compounds=frozenset(
            (first, second)
            for first, second, *_ in _cells(members["compounds.txt"], "compounds.txt", 3 if number == 1 else 2)
        ),
        lemmas=dict(_cells(members["lemmas.txt"], "lemmas.txt", 2)),
        ngram_range=(smallest, largest),
        count=meta["count"],
        gazetteer=None
        if not meta["gazetteer"]
        else units.gazetteer()
        if number == 1
        else _gazetteer(_cells(members["states.txt"], "states.txt", 3)),
        normalizer=meta["normalizer"],
    )
    try:
        votes = VoteTable(table)
    except ValueError as error:
        raise ModelFileError(f"terms.txt, pairs.txt or another list: {error}") from error
    return StanceModel(taxonomy, votes, threshold, slope, offset, meta["about"])


def _vector(meta: Mapping[str, Any], key: str, length: int) -> Floats:
    values = meta[key]
    if (
        not isinstance(values, list)
        or len(values) != length
        or not all(type(v) in (int, float) and abs(v) <= _MAX_NUMBER for v in values)  # NaN is not
    ):
        raise ModelFileError(f"{key} must be {length} numbers from -{_MAX_NUMBER:g} to {_MAX_NUMBER:g}")
    return np.array(values, dtype=np.float64)


def _array(data: bytes, name: str, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """An .npy member, its header compared with the one that `_npy` writes before the data is touched."""
    if data[:8] != b"\x93NUMPY\x01\x00":
        raise ModelFileError(f"{name}: not an .npy file of version 1.0")
    start = 10 + int.from_bytes(data[8:10], "little")
    # Compared, not parsed: numpy's reader tokenizes and evaluates the header, which takes longer than the rest.
    expected = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
    if (header := data[10:start].decode("latin-1").strip()) != expected:
        raise ModelFileError(f"{name} has the header {header[:100]!r}; it must be {expected}")
    if len(data) - start != math.prod(shape) * np.dtype(dtype).itemsize:
        raise ModelFileError(f"{name} is cut off or too long")
    return np.frombuffer(data, dtype=dtype, offset=start).reshape(shape)


def _npy(array: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)  # type: ignore[no-untyped-call,unused-ignore]
    return file.getvalue()


def _lines(items: Iterable[str]) -> bytes:
    return "\n".join(items).encode()


def _text(data: bytes, name: str) -> str:
    """What stands in a text member: UTF-8 that hides nothing from who sees it."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ModelFileError(f"{name} is not UTF-8: {error.reason} at byte {error.start}") from error
    if data.translate(None, _PLAIN) and (found := _CONTROL.search(text)):
        raise ModelFileError(f"{name} has the control character U+{ord(found[0]):04X}")
    return text


def _as_lines(data: bytes, name: str) -> Lines:
    lines = Lines(_text(data.replace(b"\t", b" ") + b"\n", name) if data else "")
    if lines.sizes.max(initial=1) > _MAX_LINE or lines.sizes.min(initial=1) < 1:
        raise ModelFileError(f"{name} has a line that is empty or longer than {_MAX_LINE} characters")
    return lines


def _cells(data: bytes, name: str, width: int) -> list[list[str]]:
    text = _text(data, name)
    lines = text.split("\n") if text else []
    rows = [line.split("\t") for line in lines]
    if wrong := [n for n, row in enumerate(rows, 1) if len(row) != width]:
        raise ModelFileError(f"{name}, line {wrong[0]}: it must have {width} cells with tabs between")
    if max(map(len, lines), default=0) > _MAX_LINE:
        raise ModelFileError(f"{name} has a line longer than {_MAX_LINE} characters")
    if len({tuple(row) if name == "compounds.txt" else row[0] for row in rows}) < len(rows):
        raise ModelFileError(f"{name}: a line stands twice")
    return rows


def _states(names: Gazetteer | None) -> list[tuple[str, str, str]]:
    """(token, class, code of the state) of every name; the compounds among them stand with all others."""
    return (
        [] if names is None else [(token, kind, names.states[token]) for token, kind in sorted(names.classes.items())]
    )


def _gazetteer(rows: list[list[str]]) -> Gazetteer:
    if foreign := {kind for _, kind, _ in rows} - set(units.CLASSES):
        raise ModelFileError(f"states.txt has the class {min(foreign)!r}; allowed: {', '.join(units.CLASSES)}")
    if (states := len({code for _, _, code in rows})) > _MAX_STATES:
        raise ModelFileError(f"states.txt has {states} states; at most {_MAX_STATES} are allowed")
    return Gazetteer({token: kind for token, kind, _ in rows}, {token: code for token, _, code in rows})
