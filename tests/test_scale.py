"""Data frames, and a real Dask cluster of two worker processes of which one is killed in the middle."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import dask.dataframe
import numpy as np
import pandas
import polars
import pyarrow.parquet
import pytest
from distributed import Client, LocalCluster

from stancelib import cli, scale
from stancelib.errors import InputError
from stancelib.model import StanceModel
from stancelib.records import Paragraph
from stancelib.store import load, save

TEXTS = ["صادرات نفت ایران افزایش یافت.", None, "مردم غزه زیر بمباران‌اند.", ""]


@pytest.mark.parametrize("make", [pandas.DataFrame, polars.DataFrame])
def test_label_frame(make) -> None:
    model = load()
    frame = model.label_frame(make({"n": [1, 2, 3, 4], "text": TEXTS}))
    assert type(frame) is make
    assert list(frame.columns)[:6] == ["n", "text", "energy", "energy_score", "energy_stance", "energy_stance_score"]
    rows = frame.to_dict("records") if make is pandas.DataFrame else frame.to_dicts()
    for row, text in zip(rows, TEXTS, strict=True):
        (labelled,) = model.label([text or ""])
        found = {label.topic: label for label in labelled.labels}
        for topic, score in labelled.scores.items():
            missing = text is None
            assert row[topic] == (topic in found and not missing)
            assert (row[f"{topic}_score"] == score) if not missing else pandas.isna(row[f"{topic}_score"])
            if row[topic]:
                assert row[f"{topic}_stance"] == found[topic].stance
                assert row[f"{topic}_stance_score"] == found[topic].stance_score
            else:
                assert pandas.isna(row[f"{topic}_stance"])
                assert pandas.isna(row[f"{topic}_stance_score"])


def test_label_frame_keeps_the_index() -> None:
    frame = pandas.DataFrame({"text": ["نفت گران شد", "گاز ارزان شد"]}, index=[7, 7])
    labelled = load().label_frame(frame)
    assert labelled.index.tolist() == [7, 7]
    assert list(frame.columns) == ["text"]


def test_frames_that_cannot_be_labelled() -> None:
    model = load()
    with pytest.raises(InputError, match="no column 'body'; there are: text"):
        model.label_frame(pandas.DataFrame({"text": TEXTS}), "body")
    with pytest.raises(InputError, match="row 1 holds 5"):
        model.label_frame(pandas.DataFrame({"text": ["x", 5]}))
    with pytest.raises(InputError, match="'energy' is there already"):
        model.label_frame(pandas.DataFrame({"text": TEXTS, "energy": 1}))
    for other in (TEXTS, pyarrow.table({"text": TEXTS})):
        with pytest.raises(InputError, match="a data frame is wanted, not"):
            model.label_frame(other)
    with pytest.raises(InputError, match=r"collect\(\) it first"):
        model.label_frame(polars.DataFrame({"text": TEXTS}).lazy())
    with pytest.raises(InputError, match="there are 2 columns 'text'"):
        model.label_frame(pandas.DataFrame([["a", "b"]], columns=["text", "text"]))
    with pytest.raises(InputError, match="a list of texts is wanted"):
        model.score("نفت")


@pytest.fixture(scope="module")
def paragraphs(gold: list[Paragraph]) -> pandas.DataFrame:
    """More than a second's work for two processes."""
    texts = [p.text for p in gold] * 3
    return pandas.DataFrame({"id": np.arange(len(texts)), "text": texts})


@pytest.fixture
def cluster():
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as local:
        yield local


class Killer(threading.Thread):
    """Kills a worker process when half of the files are there."""

    def __init__(self, client: Client, directory: Path, half: int) -> None:
        super().__init__(daemon=True)
        self.pid = next(iter(client.run(os.getpid).values()))
        self.directory, self.half, self.there = directory, half, 0

    def run(self) -> None:
        while self.there < self.half:
            time.sleep(0.005)
            self.there = len(list(self.directory.glob("part-*.parquet")))
        os.kill(self.pid, signal.SIGKILL)


def test_a_cluster_that_loses_a_worker_labels_every_paragraph_once(cluster, paragraphs, tmp_path: Path, capsys) -> None:
    source, alone, out = tmp_path / "news.parquet", tmp_path / "alone.parquet", tmp_path / "out"
    paragraphs.to_parquet(source, row_group_size=2500, index=False)
    with Client(cluster) as client:
        killer = Killer(client, out, 8)
        killer.start()
        with pytest.raises(SystemExit) as end:
            cli.main(["label", str(source), "--dask", cluster.scheduler_address, "-o", str(out)])
        assert end.value.code == 0, capsys.readouterr().err
        killer.join(timeout=10)
        assert not killer.is_alive()
    parts = sorted(out.glob("part-*.parquet"))
    assert len(parts) == -(-len(paragraphs) // 2500)
    assert killer.there < len(parts), "all was done before the worker was killed"
    with pytest.raises(SystemExit):
        cli.main(["label", str(source), "-o", str(alone)])
    expected = pyarrow.parquet.read_table(alone)
    assert pyarrow.concat_tables([pyarrow.parquet.read_table(part) for part in parts]).equals(expected)
    assert expected.num_rows >= len(paragraphs)


def test_label_dataframe_on_a_cluster(
    cluster, paragraphs: pandas.DataFrame, small_model: StanceModel, tmp_path: Path
) -> None:
    model = tmp_path / "own.stance"
    save(small_model, model)
    frame = paragraphs[:20_000]
    ddf = dask.dataframe.from_pandas(frame, npartitions=8, sort=False)
    with Client(cluster):
        scale.label_dataframe(ddf, model=model).to_parquet(tmp_path / "out")
        found = dask.dataframe.read_parquet(tmp_path / "out").compute()
    expected = small_model.label_frame(frame)
    assert len(found) == len(frame)
    for name in expected.columns:
        mine, theirs = found[name].tolist(), expected[name].tolist()
        assert all((pandas.isna(a) and pandas.isna(b)) or a == b for a, b in zip(mine, theirs, strict=True)), name


def refused(capsys: pytest.CaptureFixture[str], code: int, *arguments: object) -> str:
    with pytest.raises(SystemExit) as error:
        cli.main(["label", *map(str, arguments)])
    assert error.value.code == code
    return capsys.readouterr().err


def test_going_on_and_wrong_usage(cluster, paragraphs: pandas.DataFrame, tmp_path: Path, capsys) -> None:
    source, out = tmp_path / "news.parquet", tmp_path / "out"
    address = cluster.scheduler_address
    table = pandas.DataFrame({"id": [1, 2, 3], "text": ["نفت گران شد.", None, "غزه"]})
    table.to_parquet(source, row_group_size=1, index=False)
    assert "news.parquet: row 2: 'text' is no text" in refused(capsys, 1, source, "--dask", address, "-o", out)
    before = (out / "part-000000.parquet").stat().st_mtime_ns
    (out / "part-000002.parquet").unlink()
    assert "is not empty" in refused(capsys, 2, source, "--dask", address, "-o", out)
    assert "row 2: 'text' is no text" in refused(capsys, 1, source, "--dask", address, "-o", out, "--resume")
    assert (out / "part-000000.parquet").stat().st_mtime_ns == before
    assert pyarrow.parquet.read_table(out / "part-000002.parquet")["id"].to_pylist() == ["3"]
    again = refused(capsys, 2, source, "--dask", address, "-o", out, "--resume", "--threshold", 0.9)
    assert "other input, options" in again
    assert "give a directory" in refused(capsys, 2, source, "--dask", address)
    csv = tmp_path / "a.csv"
    csv.write_text("text\nx\n", encoding="utf-8")
    assert "a cluster labels Parquet files" in refused(capsys, 1, csv, "--dask", address, "-o", tmp_path / "new")
    assert "--jobs" in refused(capsys, 2, source, "--dask", address, "-o", tmp_path / "new", "--jobs", 2)
    (tmp_path / "mixed").mkdir()
    pandas.DataFrame({"body": ["x"]}).to_parquet(tmp_path / "mixed" / "a.parquet", index=False)
    (tmp_path / "mixed" / "b.parquet").write_bytes(b"PAR1 no")
    table.to_parquet(tmp_path / "mixed" / "c.parquet", index=False)
    out = tmp_path / "mixed" / "out"
    error = refused(capsys, 1, tmp_path / "mixed", "--dask", address, "-o", out)
    assert "a.parquet, row group 0: there is no column 'text'" in error
    assert "b.parquet: not a Parquet file" in error
    (done,) = out.glob("part-*.parquet")
    assert pyarrow.parquet.read_table(done)["id"].to_pylist() == ["1", "3"]
    assert "a.parquet, row group 0" in refused(capsys, 1, tmp_path / "mixed", "--dask", address, "-o", out, "--resume")


def test_no_cluster_there(tmp_path: Path, capsys) -> None:
    source = tmp_path / "news.parquet"
    pandas.DataFrame({"text": ["x"]}).to_parquet(source)
    error = refused(capsys, 1, source, "--dask", "tcp://127.0.0.1:1", "-o", tmp_path / "out")
    assert "there is no Dask scheduler at tcp://127.0.0.1:1" in error
    assert not (tmp_path / "out").exists()
    for address in ("", "foo://x", "not an address", "tcp://host"):
        error = refused(capsys, 1, source, "--dask", address, "-o", tmp_path / "out")
        assert f"{address!r} is no address of a Dask scheduler" in error
