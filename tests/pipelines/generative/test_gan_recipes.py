"""The recipes of adversarial models run, print a table and draw.

Run: pytest tests/pipelines/generative/test_gan_recipes.py
"""

import json
import sys
from importlib import import_module
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")
sys.path.insert(0, str(Path(__file__).parents[3] / "pipelines/generative"))

PICTURES = {
    "proximal_5716": ["aae_codes", "aae_restored", "aae_samples", "bigan", "collapse", "collapse_samples"],
    "f_divergences_6016": ["shift"],
    "wgan_6280": ["critics", "ring"],
    "wgan_div_6139": ["places"],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PICTURES)
def test_a_quick_run_has_table_figures_and_pictures(name, tmp_path):
    claims = import_module(name).main(["--quick", "--seeds", "1", "--out", str(tmp_path)])
    kept = json.loads((tmp_path / "figures.json").read_text("utf-8"))
    assert kept["quick"]
    assert len(kept["claims"]) == len(claims) > 5
    assert sorted(path.stem for path in tmp_path.glob("*.png")) == PICTURES[name]
    assert (tmp_path / "table.md").read_text("utf-8").count("\n|") == len(claims) + 2
