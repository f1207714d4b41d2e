"""The page docs/learning-theory.md prints what it says.

Run: pytest tests/generative/theory/test_learning_page.py
"""

import contextlib
import io
import re
from pathlib import Path

PAGE = (Path(__file__).parents[3] / "docs/learning-theory.md").read_text("utf-8")


def test_blocks_print_what_the_page_says():
    names = {}
    for block in re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(block, names)
        said = [line[2:] for line in block.splitlines() if line.startswith("# ")]
        assert printed.getvalue().splitlines() == said
