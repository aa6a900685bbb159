"""The look-up tables against plain dictionaries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stancelib.hashes import Lines, Substrings, between, codes_of, hashes_of, joined, without_first
from stancelib.lookup import Growing, HashTable, starts_of_runs

# NUL counts nothing at an end; no word has one.
LINES = st.text(st.characters(codec=None, exclude_characters="\n\x00"), max_size=12)
KEYS = st.integers(0, 2**64 - 1) | st.integers(0, 3)


@given(
    st.lists(st.dictionaries(KEYS, st.integers(0, 2**26 - 2), max_size=200), max_size=4), st.lists(KEYS, max_size=50)
)
def test_a_hash_table_answers_as_a_dictionary(parts: list[dict[int, int]], others: list[int]) -> None:
    table, known = HashTable(), {}
    for part in parts:
        new = {key: value for key, value in part.items() if key not in known}
        table.add(np.array(list(new), dtype=np.uint64), np.array(list(new.values()), dtype=np.int64))
        known |= new
    asked = [*known, *others]
    found = table.find(np.array(asked, dtype=np.uint64))
    assert found.tolist() == [known.get(key, -1) for key in asked]
    assert len(table) == len(known)


def test_a_hash_table_with_keys_that_want_the_same_place() -> None:
    # Multiples of a large power of two differ in their highest bits only.
    keys = (np.arange(1, 3000, dtype=np.uint64) << np.uint64(52)) + np.uint64(7)
    keys = np.unique(keys)
    assert HashTable(keys).find(keys).tolist() == list(range(len(keys)))


@given(st.lists(LINES, max_size=20))
def test_equal_strings_have_equal_hashes_and_others_others(strings: list[str]) -> None:
    hashes = hashes_of(strings).tolist()
    assert len(hashes) == len(strings)
    assert len(set(hashes)) == len(set(strings))
    assert dict(zip(strings, hashes, strict=True)) == {s: hashes_of([s])[0] for s in strings}


@given(LINES, LINES, st.integers(0, 12))
def test_hashes_of_parts_and_wholes(left: str, right: str, start: int) -> None:
    both = hashes_of([left + right])
    assert joined(hashes_of([left]), np.array([len(left)]), hashes_of([right])) == both
    start = min(start, len(left + right))
    part = Substrings(codes_of(left + right)).hashes(np.array([start]), np.array([len(left + right)]))
    assert part == hashes_of([(left + right)[start:]])


@given(st.lists(st.text("a@ ن#", max_size=4), max_size=9))
def test_lines(strings: list[str]) -> None:
    lines = Lines.of(strings)
    assert list(lines) == strings == [lines[n] for n in range(len(lines))]
    assert lines[1:] == strings[1:]
    assert lines.begin_with("#").tolist() == [s.startswith("#") for s in strings]
    assert lines.have("@").tolist() == [n for n, s in enumerate(strings) if "@" in s]
    marked = [s for s in strings if s.startswith("#")]
    assert without_first(hashes_of(marked), "#").tolist() == hashes_of([s[1:] for s in marked]).tolist()


@given(st.lists(st.tuples(st.text("aن", max_size=4), st.text("aن", max_size=4)), max_size=9))
def test_joined_halves(pairs: list[tuple[str, str]]) -> None:
    lines = Lines.of([f"{a} {b}" for a, b in pairs])
    assert lines.hashes_of_joined_halves().tolist() == hashes_of([a + b for a, b in pairs]).tolist()


def test_many_lines() -> None:
    strings = [str(n) * (n % 7) for n in range(50_000)]
    assert (
        Lines.of(strings).hashes().tolist()
        == [hashes_of([s])[0] for s in strings[:100]] + hashes_of(strings)[100:].tolist()
    )
    assert hashes_of(strings[-3:]).tolist() == Lines.of(strings).hashes()[-3:].tolist()


@pytest.mark.parametrize("pairs", [["a b", "ab"], ["a b c"], ["a  b"], ["ab", "a b c"]])
def test_pairs_that_are_none(pairs: list[str]) -> None:
    with pytest.raises(ValueError, match="a pair is not two words"):
        Lines.of(pairs).hashes_of_joined_halves()


@given(LINES, st.integers(1, 5))
def test_hashes_of_every_substring(characters: str, length: int) -> None:
    every = [characters[n : n + length] for n in range(len(characters) - length + 1)]
    assert Substrings(codes_of(characters)).of_length(length).tolist() == hashes_of(every).tolist()


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 5)), max_size=9))
def test_numbers_between(spans: list[tuple[int, int]]) -> None:
    first, count = np.array(spans, dtype=np.int64).reshape(-1, 2).T
    assert between(first, count).tolist() == [n for a, c in spans for n in range(a, a + c)]


@given(st.lists(st.integers(0, 2), max_size=30))
def test_starts_of_runs(values: list[int]) -> None:
    expected = [n for n, value in enumerate(values) if n == 0 or value != values[n - 1]]
    assert starts_of_runs(np.array(values, dtype=np.int64)).tolist() == expected


@given(st.lists(st.lists(st.integers(0, 9), max_size=90), max_size=9))
def test_a_growing_array_holds_everything_in_order(parts: list[list[int]]) -> None:
    growing, wide = Growing(np.int64), Growing(np.float64, 2)
    for part in parts:
        growing.extend(np.array(part, dtype=np.int64))
        wide.extend(np.array([[n, -n] for n in part], dtype=np.float64).reshape(-1, 2))
    together = [n for part in parts for n in part]
    assert growing.values.tolist() == together
    assert len(growing) == len(together)
    assert wide.values.tolist() == [[n, -n] for n in together]
    growing.cut(len(together) // 2)
    growing.extend(np.array([7]))
    assert growing.values.tolist() == [*together[: len(together) // 2], 7]
