"""Outputs that would destroy something: a device, an input, another output."""

import os

import pytest
from typer.testing import CliRunner

from zhnlp.cli import app
from zhnlp.text.files import write_whole


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "grid.txt"
    path.write_text("主变压器漏油。\n" * 6, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "command",
    [
        ["terms", "{text}", "--out", "{text}"],
        ["terms", "{text}", "--seeds", "{text}", "--report", "{text}"],
        ["terms", "{text}", "--out", "{text}.csv", "--rejected", "{text}.csv"],
        ["keywords", "{text}", "--out", "{text}"],
    ],
)
def test_an_output_never_replaces_an_input_or_another_output(command, text):
    before = text.read_bytes()
    result = CliRunner().invoke(app, [part.format(text=text) for part in command])
    assert result.exit_code == 2
    assert "expected" in result.output
    assert text.read_bytes() == before


def test_a_pipe_is_refused_and_stays(text, tmp_path):
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    result = CliRunner().invoke(app, ["terms", str(text), "--out", str(pipe)])
    assert result.exit_code == 2
    assert "a device or a pipe" in result.output
    with pytest.raises(ValueError, match="a device or a pipe"):
        write_whole(pipe, "")
    assert pipe.is_fifo()


def test_a_link_stays_a_link(tmp_path):
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_text("old", encoding="utf-8")
    link.symlink_to(target)
    write_whole(link, "new")
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8") == "new"
