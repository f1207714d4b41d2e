"""The code of docs/training-techniques.md runs and prints what the page says; its table is the recipe's result.

Run: pytest tests/training/test_techniques_page.py
"""

import contextlib
import io
import json
import re
from pathlib import Path

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
    assert rows
    for row in rows:
        without, with_it = (sum(row[key]) / len(row[key]) for key in ("without", "with"))
        line = f"| {row['technique']} | {row['measure']} | {without:.3g} ± "
        assert line in PAGE, line
        assert f" | {with_it:.3g} ± " in PAGE
