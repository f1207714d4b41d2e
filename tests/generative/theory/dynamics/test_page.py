"""The page docs/optimizer-dynamics.md prints what it says, and the recipe prints the table and draws.

Run: pytest tests/generative/theory/dynamics/test_page.py
"""

import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs/optimizer-dynamics.md").read_text("utf-8")
RECIPE = ROOT / "pipelines/optimizer_dynamics.py"


def run(*arguments, **options):
    command = [sys.executable, str(RECIPE), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=600, **options)


def test_blocks_print_what_the_page_says(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib").use("Agg")
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(block, names)
        said = [line[2:] for line in block.splitlines() if line.startswith("# ")]
        assert printed.getvalue().splitlines() == said
    assert (tmp_path / "adam.png").stat().st_size > 10_000


def test_recipe_says_how_it_is_run():
    said = run("--help").stdout
    assert "--plots FOLDER" in said and "python pipelines/optimizer_dynamics.py --save" in said


@pytest.mark.long
def test_recipe_prints_the_table_and_draws(tmp_path):
    pytest.importorskip("matplotlib")
    result = run("--plots", tmp_path / "plots")
    assert "| gradient-descent, iterations | 5655 | 634 | 634 |" in result.stdout
    drawn = sorted(path.stem for path in (tmp_path / "plots").iterdir())
    assert drawn == ["convergence", "minibatch", "noise", "phase", "rosenbrock"]
