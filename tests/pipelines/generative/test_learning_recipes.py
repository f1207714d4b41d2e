"""The recipes of 6583, 6705 and 6992 make their claims, and write table, figures and pictures.

Run: pytest tests/pipelines/generative/test_learning_recipes.py
"""

import importlib
import json
import math
import sys
from pathlib import Path

import pytest

RECIPES = Path(__file__).parents[3] / "pipelines/generative"
PICTURES = {
    "dirac_gan_6583": [
        "average.png",
        "distance.png",
        "eigenvalues.png",
        "fields.png",
        "orbits.gif",
        "orbits.png",
    ],
    "estimators_6705": ["draws.png", "samples.png", "schedule.png", "temperature.png"],
    "batch_norm_6992": ["learning-rates.png", "moments.png", "steps.png"],
}


@pytest.fixture
def recipe(request, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.syspath_prepend(str(RECIPES))
    monkeypatch.setattr(sys, "argv", [f"{request.param}.py"])
    yield request.param, importlib.import_module(request.param)
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.mark.parametrize("name", list(PICTURES))
def test_recipe_says_what_it_is(name):
    text = (RECIPES / f"{name}.py").read_text("utf-8")
    for said in (f"kexue.fm/archives/{name[-4:]}", "Claim: ", f"python pipelines/generative/{name}.py"):
        assert said in text


@pytest.mark.slow
@pytest.mark.parametrize("recipe", list(PICTURES), indirect=True)
def test_recipe_makes_its_claims_and_writes_its_files(recipe, tmp_path, capsys):
    name, module = recipe
    claims = module.main(["--quick", "--seeds", "1", "--out", str(tmp_path)])
    held = [row for row in claims if row["bar"]]
    if name == "dirac_gan_6583":  # the others draw less, or read fewer digits, when quick
        assert all(row["met"] for row in held), [row for row in held if not row["met"]]
    assert len(held) > 7 and all(math.isfinite(row["figure"]) for row in claims)
    kept = json.loads((tmp_path / "figures.json").read_text("utf-8"))
    assert kept["claims"] == claims and kept["post"] == int(name[-4:])
    assert sorted(each["file"] for each in kept["pictures"]) == PICTURES[name]
    for file in PICTURES[name]:
        assert (tmp_path / file).stat().st_size > 5000
    assert (tmp_path / "table.md").read_text("utf-8") == capsys.readouterr().out
