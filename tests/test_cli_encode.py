"""``zhnlp encode``: order, duplicates and blank lines kept, files, refusals.

Run: pytest tests/test_cli_encode.py
"""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from zhnlp.cli import app
from zhnlp.similarity import SentenceEncoder

LINES = ["怎么重置密码", "电网", "怎么重置密码", "", "今天天气很好", "电"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("gru")
    SentenceEncoder.gru(LINES, min_count=1, hidden_size=8).save(place)
    return str(place)


@pytest.fixture
def file(tmp_path):
    place = tmp_path / "lines.txt"
    place.write_text("\n".join(LINES) + "\n", "utf-8")
    return str(place)


def run(*arguments, **options):
    return CliRunner().invoke(app, ["encode", *arguments], **options)


def test_npy_and_parquet_keep_order_duplicates_and_blank_lines(folder, file, tmp_path, monkeypatch):
    monkeypatch.setattr("zhnlp.cli.encode._WINDOW", 4)
    wanted = SentenceEncoder(folder).encode(LINES, normalize=True)
    for name in ("x.npy", "x.parquet"):
        result = run(file, "--model", folder, "--out", str(tmp_path / name), "--normalize", "--quiet")
        assert result.exit_code == 0 and "1 of 6 texts are blank" in result.stderr, result.stderr
    found = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert np.allclose(found, wanted, atol=1e-6) and np.array_equal(found[0], found[2])
    table = pq.read_table(tmp_path / "x.parquet")
    assert table["text"].to_pylist() == LINES
    assert np.allclose(np.stack(table["vector"].to_numpy()), wanted, atol=1e-6)


def test_standard_input_to_standard_output(folder):
    result = run("-", "--model", folder, input="电网\n电\n")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["text"] for row in rows] == ["电网", "电"] and len(rows[0]["vector"]) == 8


def test_what_the_user_can_mend_leaves_with_2(folder, file, tmp_path):
    empty = tmp_path / "empty.txt"
    empty.write_text("", "utf-8")
    for arguments, said in (
        ([file, "--model", folder, "--out", str(tmp_path / "x.csv")], "expected .npy or .parquet"),
        ([str(empty), "--model", folder, "--out", str(tmp_path / "x.npy")], "there is no text to encode"),
        ([file, "--model", str(tmp_path / "none")], "no folder here"),
        ([file, "--model", folder, "--pooling", "mean"], "pools by last"),
    ):
        result = run(*arguments)
        assert result.exit_code == 2 and said in result.stderr, (arguments, result.stderr)
    assert not (tmp_path / "x.npy").exists()
