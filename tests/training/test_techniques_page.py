"""The code of docs/training-techniques.md runs and prints what the page says; its table is the recipe's result.

Run: pytest tests/training/test_techniques_page.py
"""

import contextlib
import io
import json
import re
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/training-techniques.md").read_text("utf-8")
RESULTS = sorted((ROOT / "benchmarks/results").glob("training_techniques-*.jsonl"))


def test_python_prints_what_the_page_says():
    names = {}
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
    assert len(blocks) > 12
    for block in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(block, names)
        assert printed.getvalue().splitlines() == [
            line[2:] for line in block.splitlines() if line.startswith("# ")
        ]


def test_the_table_is_the_kept_result():
    rows = [json.loads(line) for line in RESULTS[-1].read_text("utf-8").splitlines()]
    table = [line for line in PAGE.splitlines() if line.startswith("|") and " ± " in line]
    assert len(rows) == len(table)
    for row in rows:
        cells = [f"{np.mean(row[key]):.3g} ± {np.std(row[key]):.2g}" for key in ("without", "with")]
        line = f"| {row['technique']} | {row['measure']} | {cells[0]} | {cells[1]} | {row['verdict']} |"
        assert line in table, line
