"""The recipes of posts 5239, 6280 and 6910: quick runs meet their bars, and write table, figures and pictures.

Run: pytest tests/pipelines/generative/test_theory_recipes.py
"""

import json
import sys
from importlib import import_module
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "pipelines/generative"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["em_5239", "hsic_6910", "transport_6280"])
def test_a_quick_run_meets_its_bars(name, tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib")
    import torch

    threads = torch.get_num_threads()
    monkeypatch.setattr(sys, "argv", [f"{name}.py"])
    claims = import_module(name).main(["--out", str(tmp_path), "--seeds", "1", "--quick"])
    torch.set_num_threads(threads)
    assert [row["claim"] for row in claims if row["met"] is False] == []
    assert any(row["met"] for row in claims)
    kept = json.loads((tmp_path / "figures.json").read_text("utf-8"))
    assert kept["claims"] == claims and kept["quick"] is True
    assert len(kept["pictures"]) >= 2
    for picture in kept["pictures"]:
        assert (tmp_path / picture["file"]).read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "table.md").read_text("utf-8") == capsys.readouterr().out


def test_help_names_the_command(capsys):
    pytest.importorskip("matplotlib")
    for name in ("em_5239", "hsic_6910", "transport_6280"):
        with pytest.raises(SystemExit, match="0"):
            import_module(name).main(["--help"])
        assert f"python pipelines/generative/{name}.py" in capsys.readouterr().out
