"""The page of samples: the same from the same seed, every beginning in it, nothing that Markdown would read.

Run: pytest tests/pipelines/test_gpt_samples.py
"""

import sys
from pathlib import Path

from small_models import save_checkpoint

sys.path.insert(0, str(Path(__file__).parents[2] / "pipelines"))

import gpt_samples


def test_the_page_is_made_again_from_the_same_seed(tmp_path, monkeypatch, capsys):
    save_checkpoint(tmp_path / "model", "gpt-neox")

    def run(*options):
        given = ["--model", tmp_path / "model", "--max-new-tokens", 4, "--temperatures", 0.5, *options]
        monkeypatch.setattr(sys, "argv", ["gpt_samples.py", *map(str, given)])
        gpt_samples.main()
        return capsys.readouterr().out

    printed = run()
    assert run("--out", tmp_path / "page.md") == "" and (tmp_path / "page.md").read_text("utf-8") == printed
    assert run("--seed", 2) != printed
    for title, beginning in gpt_samples.BEGINNINGS.items():
        assert f"## {title}\n" in printed and f"> {beginning.splitlines()[0]}" in printed
    assert printed.count("temperature 0.5, mean log p -") == len(gpt_samples.BEGINNINGS)


def test_the_page_that_is_kept_has_every_beginning():
    kept = (Path(__file__).parents[2] / "docs" / "samples.md").read_text("utf-8")
    assert all(f"> {beginning.splitlines()[0]}" in kept for beginning in gpt_samples.BEGINNINGS.values())
