"""What the documentation shows is true: commands and code run, print what stands below them, and name what exists; the
Persian pages show the same as the English ones; the site builds without a warning and asks nothing of a network.

On a page, in order: a block with a title is a file, a ``bash`` or ``python`` block is run, and a ``text`` block right below
one is what it prints, to the letter; a line with ``…`` alone stands for any lines. ``<!-- test: long -->`` before a block
leaves it to the long tests, ``<!-- test: cluster -->`` needs a Dask cluster.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pytest
from shell import Shell

import stancelib
from stancelib.cli import _VERBS, group

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(
    str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md") if path.name not in ("quality.md", "speed.md")
)
PERSIAN = [page for page in PAGES if page.startswith("fa/")]
_BLOCK = re.compile(
    r"^(?:<!-- test: (?P<mark>\w+) -->\n)?```(?P<kind>\w+)(?: title=\"(?P<file>[^\"]+)\")?\n(?P<text>.*?)^```$\n*",
    re.MULTILINE | re.DOTALL,
)


@dataclass
class Block:
    kind: str
    text: str
    file: str | None
    mark: str | None
    shows: str | None = None  # what stands right below as its output


def blocks(page: str) -> list[Block]:
    text = (DOCS / page).read_text(encoding="utf-8")
    found: list[Block] = []
    end = -1
    for match in _BLOCK.finditer(text):
        if match.start() == end and match["kind"] == "text" and match["file"] is None:
            found[-1].shows = match["text"]
        found.append(Block(match["kind"], match["text"], match["file"], match["mark"]))
        end = match.end()
    assert text.count("\n```") + text.startswith("```") == 2 * len(found), "a block that this test does not see"
    return found


def outputs(page: str, marks: frozenset[str]) -> Iterator[tuple[Block, str]]:
    """Every block of a page that is run, with what it printed."""
    shell, names = Shell(), {}
    for block in blocks(page):
        if block.file is not None:
            Path(block.file).write_text(block.text, encoding="utf-8")
        elif block.mark is not None and block.mark not in marks:
            continue
        elif block.kind == "bash":
            yield block, shell.run(block.text)
        elif block.kind == "python":
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(block.text, names)
            yield block, printed.getvalue()


def as_shown(printed: str, shown: str) -> bool:
    """Whether a block shows what was printed.

    >>> as_shown("a\\nb\\nc\\n", "a\\n…\\nc\\n")
    True
    """
    parts = [re.escape(part) for part in re.split("^…\n", shown, flags=re.MULTILINE)]
    return re.fullmatch("(?:.*\n)*".join(parts), printed) is not None


def check_page(page: str, marks: frozenset[str] = frozenset()) -> None:
    for block, printed in outputs(page, marks):
        if block.shows is not None and not as_shown(printed, block.shows):
            assert printed == block.shows, block.text
        if block.kind == "bash" and "echo $?" not in block.text:
            assert not re.search("^stancelib: |^Usage: ", printed, re.MULTILINE), printed


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place that looks like the folder of the repository, to write to; the terminal has 100 columns."""
    for name in ("seeds", "labels", "notebooks"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(shutil, "get_terminal_size", lambda *_: os.terminal_size((100, 24)))
    return tmp_path


@pytest.mark.parametrize("page", [page for page in PAGES if page not in PERSIAN])
def test_what_is_shown_is_so(page: str, checkout: Path) -> None:
    check_page(page)


@pytest.mark.long
@pytest.mark.parametrize("page", ["tutorial.md", "how-to/archives.md"])
def test_what_takes_longer(page: str, checkout: Path) -> None:
    check_page(page, frozenset({"long"}))


@pytest.mark.long
def test_what_needs_a_cluster(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed")
    shown = "tcp://127.0.0.1:8786"
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as local:
        real = Path.read_text
        monkeypatch.setattr(
            Path, "read_text", lambda self, **how: real(self, **how).replace(shown, local.scheduler_address)
        )
        check_page("how-to/dask.md", frozenset({"cluster"}))
    assert list(checkout.glob("labelled/*.parquet"))


def all_text() -> dict[str, str]:
    return {page: (DOCS / page).read_text(encoding="utf-8") for page in PAGES}


def test_persian_pages_show_blocks_of_the_english_ones() -> None:
    """So what is run there need not be run here."""
    english = [block for page in PAGES if page not in PERSIAN for block in blocks(page)]
    for block in [block for page in PERSIAN for block in blocks(page)]:
        twins = [twin for twin in english if (twin.kind, twin.text, twin.file) == (block.kind, block.text, block.file)]
        assert twins, block.text
        assert block.shows is None or block.shows in [twin.shows for twin in twins]


def test_what_is_to_be_installed_and_made_is_there() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    made = re.findall("^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    text = "\n".join(all_text().values())
    named = {extra for group in re.findall(r"pip install '\.\[([a-z,]+)\]'", text) for extra in group.split(",")}
    assert named
    assert named <= set(extras)
    assert set(re.findall("`make ([a-z-]+)", text)) <= set(made)


def test_messages_that_are_quoted_exist() -> None:
    rows = re.findall(r"^\| (`[^|]+) \|", (DOCS / "how-to" / "errors.md").read_text(encoding="utf-8"), re.MULTILINE)
    quoted = [message.rstrip("… ") for row in rows for message in re.findall("`([^`:]+)[^`]*`", row)]
    quoted.remove("not utf-8")  # has the encoding in it; tests/test_cli.py looks for it
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "stancelib").rglob("*.py"))
    assert len(quoted) >= 5
    assert [message for message in quoted if message not in source] == []


def test_nothing_is_pending_that_is_there() -> None:
    """When a command comes in, its sentence is to be completed and the mark taken out."""
    pending = {name for text in all_text().values() for name in re.findall("<!-- pending: ([a-z]+) -->", text)}
    assert not pending & set(_VERBS)


def test_every_verb_is_told_of() -> None:
    text = "\n".join(text for page, text in all_text().items() if page not in PERSIAN)
    assert [verb for verb in _VERBS if f"stancelib {verb}" not in text] == []


class Seen(HTMLParser):
    """What a browser would fetch for a page, and what else is asked of it below."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.tags: dict[str, dict[str, str]] = {}
        self.text: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self.tags.setdefault(tag, known)
        names = ("src", "srcset", "poster", "data", "action", *(["href"] if tag in ("link", "use", "image") else []))
        self.fetched += [known[name] for name in names if name in known]
        self.fetched += re.findall(r"url\(([^)]*)\)", known.get("style", ""))
        assert "mermaid" not in known.get("class", "")  # its script would come from elsewhere
        assert known.get("data-md-component") != "source"  # asks a host about the repository
        self._in_script = tag == "script"

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.fetched += re.findall(r"https?:\\?/\\?/[^\"'\s]+", data)
        else:
            self.text.append(data)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it, in a process that reaches no network; a warning fails it."""
    pytest.importorskip("material")
    target = tmp_path_factory.mktemp("site")
    code = "import no_network; from mkdocs.__main__ import cli; cli()"
    command = [sys.executable, "-c", code, "build", "--strict", "--site-dir", str(target)]
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'tests'}{os.pathsep}{ROOT}", "NO_MKDOCS_2_WARNING": "1"}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return target


def seen(path: Path) -> Seen:
    parser = Seen()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser


def test_the_site_is_whole_and_asks_nothing_of_a_network(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert {str(path.relative_to(site)) for path in pages} >= {
        page.replace("README", "index").replace(".md", ".html") for page in PAGES
    }
    for path in pages:
        for address in seen(path).fetched:
            assert not re.match(r"\s*['\"]?(https?:)?//", address), (path, address)
    for path in site.rglob("*.css"):
        style = path.read_text(encoding="utf-8")
        assert not re.search(r"@import|url\(\s*['\"]?(https?:)?//", style), path


def test_each_page_runs_in_its_direction(site: Path) -> None:
    for path in sorted(site.rglob("*.html")):
        tags = seen(path).tags
        persian = path.parent.name == "fa"
        assert (tags["html"]["lang"], tags["body"]["dir"]) == (("fa", "rtl") if persian else ("en", "ltr")), path


def test_the_reference_has_every_option_and_every_public_name(site: Path) -> None:
    command = "".join(seen(site / "reference" / "cli.html").text)
    for verb in _VERBS:
        found = group.get_command(None, verb)  # type: ignore[arg-type]
        assert found is not None
        for option in [name for parameter in found.params for name in parameter.opts if name.startswith("--")]:
            assert option in command, (verb, option)
    python = (site / "reference" / "python.html").read_text(encoding="utf-8")
    assert "&gt;&gt;&gt;" not in re.sub("<pre.*?</pre>", "", python, flags=re.DOTALL)
    for name in set(stancelib.__all__) - {"__version__"}:
        assert re.search(rf'id="stancelib\.(\w+\.)?{name}"', python), name


def test_the_included_files_lead_to_each_other(site: Path) -> None:
    for page, link in (("model-card", "guideline.html"), ("quality", "model-card.html"), ("guideline", "")):
        text = (site / f"{page}.html").read_text(encoding="utf-8")
        assert f'href="{link}' in text
        assert ".md)" not in text


def test_steps_keep_their_numbers(site: Path) -> None:
    """Python-Markdown makes a list of «۲.» and counts from 1 again behind each block."""
    for page in PERSIAN:
        text = "".join(seen(site / page.replace(".md", ".html")).text)
        source = (DOCS / page).read_text(encoding="utf-8")
        for step in re.findall(r"^[۰-۹]+\\?\. .{8}", source, re.MULTILINE):
            assert step.replace("\\", "").replace("*", "")[:8] in text, step
