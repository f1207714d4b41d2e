"""The code blocks of the pages for users run, and print what the page says.

Run: pytest tests/test_docs.py
"""

import contextlib
import io
import re
import shlex
import warnings
from pathlib import Path

import pytest
from typer.testing import CliRunner

from zhnlp.cli import app

ROOT = Path(__file__).parents[1]
PAGES = [
    "docs/domain-terms.md",
    "docs/tokenizers.md",
    "docs/models.md",
    "docs/training.md",
    "docs/few-shot.md",
    "docs/explain.md",
    "docs/generation.md",
    "docs/similarity.md",
    "docs/faq-search.md",
]
TEXTS_OF_THE_READER = [
    "README.md",
    "README.zh.md",
    "docs/small-models.md",
    "docs/masks.md",
    "docs/sparse-attention.md",
    "docs/decoding.md",
    "docs/title-metrics.md",
    "docs/titles.md",
    "docs/conditional-generation.md",
    "docs/on-lstm.md",
    "docs/similarity-losses.md",
    "docs/reading-decoding.md",
    "docs/hsic-em-transport.md",
    "docs/reading.md",
]  # their commands are not run


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / page).read_text("utf-8"), re.M | re.S)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A folder with the sample corpora, in which blocks may write."""
    (tmp_path / "corpora").symlink_to(ROOT / "corpora")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("page", PAGES + TEXTS_OF_THE_READER)
def test_python_prints_what_the_page_says(page, checkout):
    names = {}
    assert blocks(page, "python")
    for block in blocks(page, "python"):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(block, names)
        said = [line[2:] for line in block.splitlines() if line.startswith("# ")]
        assert printed.getvalue().splitlines() == said


@pytest.mark.parametrize("page", PAGES)
def test_commands_run(page, checkout):
    lines = [line for block in blocks(page, "bash") for line in block.splitlines()]
    assert lines
    for line in lines:
        command, *arguments = shlex.split(line, comments=True)
        assert command == "zhnlp"
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, (line, result.stderr)
        assert result.stdout or "--out" in arguments, line
