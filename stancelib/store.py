"""The model file: one zip of JSON, text and .npy members, checked whole before anything is built from it. No pickle.

Format 2. To change it: raise FORMAT, keep reading the old ones, and keep a golden file of each in tests/golden. Format 1
had no states.txt, so its models take the states' names of the package, and the joined form of each compound.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import json
import math
import os
import stat
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stancelib import taxonomy as taxonomies
from stancelib import units
from stancelib.errors import ModelFileError, StancelibError
from stancelib.lookup import Lines
from stancelib.model import StanceModel
from stancelib.records import STANCES, LabelledParagraph
from stancelib.units import Gazetteer
from stancelib.votes import FeatureTable, VoteTable

if TYPE_CHECKING:
    from stancelib.arrays import Floats, NDArray


FORMAT = 2
_MANIFEST = "manifest.json"
_MEMBERS_1 = ("model.json", "terms.txt", "pairs.txt", "compounds.txt", "lemmas.txt", "idf.npy", "coef.npy")
_MEMBERS = {1: _MEMBERS_1, 2: (*_MEMBERS_1, "states.txt")}
# What a member may unpack to: ten times and more what the shipped model has, and little enough to refuse any file at once.
_MOST = {
    _MANIFEST: 1 << 14,
    "model.json": 1 << 20,
    "terms.txt": 16 << 20,
    "pairs.txt": 16 << 20,
    "compounds.txt": 1 << 20,
    "lemmas.txt": 2 << 20,
    "idf.npy": 4 << 20,
    "coef.npy": 32 << 20,
    "states.txt": 1 << 20,
}
_MAX_FILE = 64 << 20
_MAX_DIRECTORY = 1 << 12
_MAX_RATIO = 100
_MAX_TOPICS = 1000


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
    """Write a model file: to a temporary file beside it, then renamed, so that it is the old or the new one."""
    write_whole(Path(path), to_bytes(model))


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; a pipe or a device is written to as it is."""
    if is_stream(path):
        with path.open("ab") as stream:
            stream.write(data)
        return
    with whole_file(path) as made:
        made.write_bytes(data)


def is_stream(path: Path) -> bool:
    """Whether it is a pipe or a device, or an open file by another name (/dev/stdout): these can't be replaced, and
    root would replace even /dev/null."""
    if str(path).startswith(("/dev/fd/", "/dev/std", "/proc/")):
        return True
    try:
        mode = path.stat().st_mode
    except OSError:
        return False  # it is not there yet, or can't be written to, which is then said
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A file to write to that becomes ``path`` when all has gone well, and is removed otherwise."""
    made = target(path).with_name(f".stancelib-{os.urandom(6).hex()}.tmp")  # short: the file's own name may be a long one
    made.touch(exist_ok=False)
    try:
        yield made
        with made.open("rb") as file:
            os.fsync(file.fileno())
        put(made, path)
    except BaseException:
        made.unlink(missing_ok=True)
        raise


def target(path: Path) -> Path:
    """The file itself, where the path is a link: what it leads to is replaced, not the link."""
    return Path(os.path.realpath(path))


def put(made: Path, path: Path) -> None:
    """A file that is whole takes the place of another one, and its permissions."""
    path = target(path)
    with contextlib.suppress(OSError):  # nothing is there, or not ours to imitate
        made.chmod(stat.S_IMODE(path.stat().st_mode))
    made.replace(path)


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
        size = Path(path).stat().st_size
        if size > _MAX_FILE:
            raise ModelFileError(f"{path}: {size} bytes; a model file has at most {_MAX_FILE}")
        return Path(path).read_bytes()
    except OSError as error:
        raise ModelFileError(f"{path}: {error.strerror}") from error


@functools.cache
def _shipped() -> StanceModel:
    return from_bytes(read_bytes(), "the shipped model")


def label(
    source: str | Iterable[str], *, doc: str = "", threshold: float | None = None, stance_threshold: float = 0.0
) -> list[LabelledParagraph]:
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
    except ModelFileError as error:
        raise ModelFileError(f"{where}: {error}") from error
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, KeyError, TypeError, NotImplementedError, RuntimeError,
            OverflowError, StancelibError) as error:  # fmt: skip
        raise ModelFileError(f"{where}: not a stancelib model file, or a damaged one ({error})") from error
    except Exception as error:  # zlib.error and whatever else a damaged member brings out of the standard library
        raise ModelFileError(f"{where}: damaged ({type(error).__name__}: {error})") from error


def _checked_members(data: bytes) -> tuple[int, dict[str, bytes]]:
    """The format and every member's bytes, after names, sizes and hashes were found right."""
    _check_directory(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
        found = sorted(info.filename for info in infos)
        if _MANIFEST not in found or len(set(found)) < len(found) or not set(found) <= set(_MOST):
            raise ModelFileError(f"a model file has the members {', '.join(_MOST)} once each")
        for info in infos:
            most = min(_MOST[info.filename], _MAX_RATIO * max(info.compress_size, 64))
            if info.file_size > most:
                raise ModelFileError(
                    f"{info.filename} would unpack to {info.file_size} bytes; at most {most} are allowed"
                )
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ModelFileError(f"{info.filename} is packed in a way that a model file never is")
        manifest = json.loads(archive.read(_MANIFEST))
        number = manifest.get("format")
        if number not in _MEMBERS:
            raise ModelFileError(f"format {number!r}; this version reads formats 1 to {FORMAT}: use a newer stancelib")
        names = _MEMBERS[number]
        if found != sorted((_MANIFEST, *names)):
            raise ModelFileError(
                f"a model file of format {number} has the members {', '.join((_MANIFEST, *names))} once each"
            )
        members = {}
        for name in names:
            expected = manifest["members"][name]
            if expected["size"] != archive.getinfo(name).file_size:
                raise ModelFileError(f"{name} has not the size that the manifest says")
            members[name] = archive.read(name)
            if hashlib.sha256(members[name]).hexdigest() != expected["sha256"]:
                raise ModelFileError(f"{name} has not the SHA-256 that the manifest says")
        return number, members


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


def _build(number: int, members: Mapping[str, bytes]) -> StanceModel:
    meta = json.loads(members["model.json"])
    taxonomy = taxonomies.from_dict(meta["taxonomy"], "taxonomy")
    topics = len(taxonomy.topics)
    if topics > _MAX_TOPICS:
        raise ModelFileError(f"{topics} topics; at most {_MAX_TOPICS} are allowed")
    labels = topics * (1 + len(STANCES))
    step, bias = _vector(meta, "step", labels), _vector(meta, "bias", labels)
    # Lines take many times their size, so their number is compared with that of the arrays first.
    width = members["terms.txt"].count(b"\n") + 1
    idf = _array(members["idf.npy"], "idf.npy", "<f4", (width,)).astype(np.float64)
    if not np.isfinite(idf).all():
        raise ModelFileError("idf.npy holds numbers that are not finite")
    quantised = np.empty((width, labels), dtype=np.int16)
    for label, column in enumerate(_array(members["coef.npy"], "coef.npy", "<i2", (labels, width))):
        quantised[:, label] = column  # three times as fast as to copy the transposed whole
    if members["pairs.txt"].count(b"\n") >= width:
        raise ModelFileError("pairs.txt has more pairs than there are terms")
    smallest, largest = meta["ngram_range"]
    if not (isinstance(smallest, int) and isinstance(largest, int) and 1 <= smallest <= largest <= 20):
        raise ModelFileError(f"ngram_range {meta['ngram_range']!r} is not two whole numbers from 1 to 20")
    if meta["count"] not in ("binary", "log", "raw") or meta["normalizer"] not in ("fold", "hazm"):
        raise ModelFileError("count or normalizer is not one of those allowed")
    table = FeatureTable(
        terms=_as_lines(members["terms.txt"]),
        idf=idf,
        quantised=quantised,
        step=step,
        bias=bias,
        pairs=_as_lines(members["pairs.txt"].replace(b"\t", b" ")),
        compounds=frozenset((first, second) for first, second, *_ in _cells(members["compounds.txt"])),
        lemmas=dict(_cells(members["lemmas.txt"])),
        ngram_range=(smallest, largest),
        count=meta["count"],
        gazetteer=None
        if not meta["gazetteer"]
        else units.gazetteer()
        if number == 1
        else _gazetteer(members["states.txt"]),
        normalizer=meta["normalizer"],
    )
    threshold, slope, offset = (_vector(meta, key, topics) for key in ("threshold", "slope", "offset"))
    return StanceModel(taxonomy, VoteTable(table), threshold, slope, offset, dict(meta["about"]))


def _vector(meta: Mapping[str, Any], key: str, length: int) -> Floats:
    values = meta[key]
    if not isinstance(values, list) or len(values) != length or not all(isinstance(v, int | float) for v in values):
        raise ModelFileError(f"{key} must be {length} numbers")
    vector = np.array(values, dtype=np.float64)
    if not np.isfinite(vector).all():
        raise ModelFileError(f"{key} holds numbers that are not finite")
    return vector


def _array(data: bytes, name: str, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """An .npy member, its header compared with the one that `_npy` writes before the data is touched."""
    if data[:8] != b"\x93NUMPY\x01\x00":
        raise ModelFileError(f"{name}: not an .npy file of version 1.0")
    start = 10 + int.from_bytes(data[8:10], "little")
    # Compared, not parsed: numpy's reader tokenizes and evaluates the header, which takes longer than the rest.
    expected = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
    if (header := data[10:start].decode("latin-1").strip()) != expected:
        raise ModelFileError(f"{name} has the header {header[:100]}; it must be {expected}")
    if len(data) - start != math.prod(shape) * np.dtype(dtype).itemsize:
        raise ModelFileError(f"{name} is cut off or too long")
    return np.frombuffer(data, dtype=dtype, offset=start).reshape(shape)


def _npy(array: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)  # type: ignore[no-untyped-call,unused-ignore]
    return file.getvalue()


def _lines(items: Iterable[str]) -> bytes:
    return "\n".join(items).encode("utf-8", "surrogatepass")


def _as_lines(data: bytes) -> Lines:
    return Lines(data.decode("utf-8", "surrogatepass") + "\n" if data else "")


def _cells(data: bytes) -> Iterator[list[str]]:
    text = data.decode("utf-8", "surrogatepass")
    return (line.split("\t") for line in text.split("\n")) if text else iter(())


def _states(names: Gazetteer | None) -> list[tuple[str, str, str]]:
    """(token, class, code of the state) of every name; the compounds among them stand with all others."""
    return (
        [] if names is None else [(token, kind, names.states[token]) for token, kind in sorted(names.classes.items())]
    )


def _gazetteer(data: bytes) -> Gazetteer:
    rows = [(token, kind, code) for token, kind, code in _cells(data)]
    if foreign := {kind for _, kind, _ in rows} - set(units.CLASSES):
        raise ModelFileError(f"states.txt has the class {min(foreign)!r}; allowed: {', '.join(units.CLASSES)}")
    return Gazetteer({token: kind for token, kind, _ in rows}, {token: code for token, _, code in rows})
