"""What recipes share: bars, the table, the files, refusals.

Run: pytest tests/generative/recipes/test_recipe.py
"""

import json
from pathlib import Path

import pytest

from zhnlp.generative.recipes import Card, Recipe, parser
from zhnlp.generative.recipes.claims import meets

DOC = """A title.

    zhnlp generative run 1234
    zhnlp generative run 1234 --quick

Claim: what is measured
is so.
Minutes: 2, all seeds on one core.

Source: https://kexue.fm/archives/1234, https://kexue.fm/archives/5678
"""


def recipe(tmp_path, *arguments):
    return Recipe(DOC, parser(DOC).parse_args(["--out", str(tmp_path / "new"), *arguments]))


@pytest.mark.parametrize(
    ("figure", "bar", "expected"),
    [
        (1e-10, "< 1e-9", True),
        (1e-9, "< 1e-9", False),
        (0.6, "≥ 0.6", True),
        (0.6, "> .6", False),
        (8, "= 8", True),
        (0.95, "0.95 – 1.15", True),
        (1.16, "0.95 to 1.15", False),
        (-0.5, "−1 – 0", True),
        (0.806, "0.80 ± 0.005", False),
        (float("nan"), "≥ 0", False),
        (1.0, "as the post says", None),
        (1.0, "", None),
    ],
)
def test_bars(figure, bar, expected):
    assert meets(figure, bar) is expected


def test_table_and_files_hold_every_claim(tmp_path, capsys):
    made = recipe(tmp_path, "--seeds", "2")
    assert made.claim("mean of two", [1.0, 3.0], "≥ 2") is True
    assert made.claim("too low", 0.0123456, "> 0.5") is False
    assert made.claim("without a bar", 1234567.0) is None
    made.finish()
    printed = capsys.readouterr().out
    assert "| mean of two | 2 ± 1.414 | ≥ 2 | yes |" in printed
    assert "| too low | 0.012 | > 0.5 | **no** |" in printed
    assert (tmp_path / "new/table.md").read_text("utf-8") == printed
    kept = json.loads((tmp_path / "new/figures.json").read_text("utf-8"))
    assert (kept["post"], kept["title"], kept["quick"], kept["seeds"]) == (1234, "A title", False, 2)
    assert (kept["posts"], kept["claimed"]) == ([1234, 5678], "what is measured is so.")
    assert kept["command"] == "zhnlp generative run 1234 --seeds 2"
    assert kept["claims"][0] == {
        "claim": "mean of two",
        "figure": 2.0,
        "seeds": [1.0, 3.0],
        "bar": "≥ 2",
        "met": True,
    }


def test_pictures_are_written_and_listed(tmp_path):
    figure = pytest.importorskip("matplotlib.figure").Figure()
    made = recipe(tmp_path)
    path = made.picture(figure, "empty", "Nothing")
    assert path.read_bytes().startswith(b"\x89PNG")
    assert made.pictures == [{"file": "empty.png", "caption": "Nothing"}]


def test_a_folder_of_its_own_unless_told():
    options = parser(DOC).parse_args([])
    assert (options.out, options.seeds, options.quick) == (Path("workdir/generative/1234"), 3, False)
    assert Recipe(DOC, options).command == "zhnlp generative run 1234"


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        ("https://kexue.fm/archives/", r"https://kexue.fm/archives/NNNN"),
        ("zhnlp generative run", "zhnlp generative run NAME"),
        ("Minutes: 2", "Minutes: N"),
    ],
)
def test_a_docstring_that_is_no_card_is_refused(lacking, said):
    with pytest.raises(ValueError, match=f"lacks '.*{said}"):
        Card.of(DOC.replace(lacking, ""))


def test_refusals(tmp_path, capsys):
    with pytest.raises(ValueError, match="got no figure"):
        recipe(tmp_path).claim("nothing", [])
    with pytest.raises(SystemExit):
        parser(DOC).parse_args(["--seeds", "0"])
    assert "expected a whole number of seeds from 1" in capsys.readouterr().err
