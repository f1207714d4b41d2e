"""``zhnlp generative`` as users call it.

Run: pytest tests/test_cli_generative.py
"""

import json

import pytest
from command import refused, zhnlp

from zhnlp.generative.recipes import recipes


def test_list_says_post_title_address_claim_and_minutes():
    head, *rows = zhnlp("generative", "list").stdout.splitlines()
    assert head.split("\t") == ["post", "name", "minutes", "title", "address", "claim"]
    assert [row.split("\t")[1] for row in rows] == [one.name for one in recipes()]
    lines = [
        json.loads(line) for line in zhnlp("generative", "list", "--format", "jsonl").stdout.splitlines()
    ]
    vae = next(line for line in lines if line["name"] == "vae_5253")
    assert vae["address"] == "https://kexue.fm/archives/5253"
    assert vae["posts"] == [5253, 5343, 5383]
    assert vae["minutes"] > 0
    assert "--format csv is not known" in refused("generative", "list", "--format", "csv")


def test_run_prints_the_table_and_writes_into_out(tmp_path):
    pytest.importorskip("matplotlib")
    out = tmp_path / "new" / "transport"
    said = zhnlp("generative", "run", "transport_6280", "--quick", "--seeds", "1", "--out", out).stdout
    assert said == (out / "table.md").read_text("utf-8")
    kept = json.loads((out / "figures.json").read_text("utf-8"))
    assert (kept["post"], kept["quick"], kept["seeds"]) == (6280, True, 1)
    assert all((out / picture["file"]).is_file() for picture in kept["pictures"])


def test_help_has_an_example_and_options_tells_what_a_recipe_does():
    assert "Example: zhnlp generative run 5253" in zhnlp("generative", "run", "--help").stdout
    said = zhnlp("generative", "run", "6139", "--options").stdout
    assert "usage: zhnlp generative run 6139" in said
    assert "--images" in said
    both = zhnlp("generative", "run", "6705", "--options").stdout
    assert both.count("usage: ") == 2


def test_what_cannot_run_is_refused(tmp_path):
    assert "there is no recipe of '1'" in refused("generative", "run", "1")
    said = refused("generative", "run", "6705", "--sedes", "1")
    assert "has recipes discrete_vae_6705 and estimators_6705" in said
    assert "unrecognized arguments: --sedes 1" in refused(
        "generative", "run", "transport_6280", "--sedes", "1"
    )
    assert "whole number of seeds" in refused("generative", "run", "transport_6280", "--seeds", "0")
    (tmp_path / "file").touch()
    assert "is a file" in refused("generative", "run", "transport_6280", "--out", tmp_path / "file")
