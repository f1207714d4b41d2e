"""The recipe of the training techniques: help, a small run with its file, a refusal.

Run: pytest tests/pipelines/test_training_techniques.py
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "pipelines/training_techniques.py"


def run(*arguments, code=0):
    ran = subprocess.run(
        [sys.executable, SCRIPT, *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert ran.returncode == code, ran.stderr
    return ran


@pytest.mark.long
def test_a_small_run_repeats_itself(tmp_path):
    rows = []
    for name in ("a.jsonl", "b.jsonl"):
        printed = run("--only", "r_drop", "lookahead", "--seeds", 1, "--out", tmp_path / name).stdout
        rows.append([json.loads(line) for line in (tmp_path / name).read_text("utf-8").splitlines()])
    assert [(row["with"], row["without"]) for row in rows[0]] == [
        (row["with"], row["without"]) for row in rows[1]
    ]
    assert {row["experiment"] for row in rows[0]} == {"r_drop", "lookahead"}
    assert f"| {rows[0][0]['technique']} | " in printed


def test_help_has_an_example_and_wrong_names_are_refused():
    assert "python pipelines/training_techniques.py --only" in run("--help").stdout
    assert "invalid choice: 'sgd'" in run("--only", "sgd", code=2).stderr
    assert "--seeds got 0: expected 1 or more" in run("--seeds", 0, code=2).stderr
