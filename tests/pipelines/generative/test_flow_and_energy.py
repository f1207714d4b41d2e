"""The recipes of 5977 and 6612 run: claims with bars, and every picture.

Run: pytest tests/pipelines/generative/test_flow_and_energy.py -m slow
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "pipelines/generative"))

pytestmark = pytest.mark.slow


def run(main, folder):
    claims = main(["--quick", "--seeds", "1", "--out", str(folder)])
    assert all(len(claim["seeds"]) == 1 and claim["figure"] == claim["figure"] for claim in claims)
    assert (folder / "table.md").is_file()
    return {claim["claim"]: claim for claim in claims}, {path.name for path in folder.glob("*.png")}


def test_f_vae(tmp_path):
    import f_vae_5977

    claims, pictures = run(f_vae_5977.main, tmp_path)
    assert claims["worst error of an inverse"]["met"]
    assert {"samples_fvae.png", "temperatures.png", "between_four.png", "reconstructions.png"} <= pictures
    assert sum("bits/dim" in claim for claim in claims) == 7


def test_energy(tmp_path):
    import energy_6612

    claims, pictures = run(energy_6612.main, tmp_path)
    assert claims["two moons, Langevin: exact W₁ of 1,000 samples"]["bar"] == "< 0.25"
    assert {
        "langevin_energy.png",
        "langevin_chains.png",
        "score_matching_energy.png",
        "buffer.png",
        "in_painting.png",
    } <= pictures
