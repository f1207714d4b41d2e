"""Recipes run with --quick: claims with finite figures, a table, figures.json, pictures.  What they show is shown without --quick.

Run: pytest tests/generative/recipes/test_quick_runs.py
"""

import json
import math

import pytest

from zhnlp.generative.recipes import find, recipes

RIGHT_WHEN_QUICK = ("dirac_gan_6583", "em_5239", "hsic_6910", "transport_6280")  # the others train too little
SHORT = ("estimators_6705", "hsic_6910", "transport_6280")  # seconds, the others up to a minute
PICTURES = {
    "batch_norm_6992": ["learning-rates", "moments", "steps"],
    "dirac_gan_6583": ["average", "distance", "eigenvalues", "fields", "orbits", "orbits"],
    "estimators_6705": ["draws", "samples", "schedule", "temperature"],
    "f_divergences_6016": ["shift"],
    "proximal_5716": ["aae_codes", "aae_restored", "aae_samples", "bigan", "collapse", "collapse_samples"],
    "wgan_6280": ["critics", "ring"],
    "wgan_div_6139": ["places"],
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [pytest.param(one.name, marks=[] if one.name in SHORT else pytest.mark.long) for one in recipes()],
)
def test_a_quick_run_has_table_figures_and_pictures(name, tmp_path, capsys):
    plt = pytest.importorskip("matplotlib.pyplot")
    import torch

    threads = torch.get_num_threads()
    try:
        claims = find(name)[0].main()(["--quick", "--seeds", "1", "--out", str(tmp_path)])
    finally:
        torch.set_num_threads(threads)
        plt.close("all")
    assert len(claims) >= 4
    assert all(math.isfinite(row["figure"]) for row in claims)
    assert any(row["bar"] for row in claims)
    if name in RIGHT_WHEN_QUICK:
        assert [row["claim"] for row in claims if row["met"] is False] == []
    kept = json.loads((tmp_path / "figures.json").read_text("utf-8"))
    assert kept["claims"] == claims
    assert kept["quick"] is True
    assert kept["command"].endswith("--quick")
    assert (tmp_path / "table.md").read_text("utf-8") == capsys.readouterr().out
    files = sorted(picture["file"] for picture in kept["pictures"])
    assert files
    assert [file.rpartition(".")[0] for file in files] == PICTURES.get(
        name, [file.rpartition(".")[0] for file in files]
    )
    for file in files:
        assert (tmp_path / file).read_bytes()[:4] in (b"\x89PNG", b"GIF8")
        assert (tmp_path / file).stat().st_size > 2000
