"""Every recipe is found, says what it is, and has a door in pipelines/.

Run: pytest tests/generative/recipes/test_shelf.py
"""

from pathlib import Path

import pytest

from zhnlp.generative.recipes import find, recipes

DOORS = Path(__file__).parents[3] / "pipelines/generative"
POSTS = [5239, 5253, 5505, 5716, 5887, 5977, 6016, 6139, 6280, 6280, 6583, 6612, 6705, 6705, 6760, 6910, 6992]


def test_there_is_one_of_each_post():
    assert [one.card.post for one in recipes()] == POSTS


def test_a_card_says_what_is_claimed_and_the_command_finds_the_recipe():
    for one in recipes():
        assert one.name.endswith(f"_{one.card.post}")
        assert 10 < len(one.card.title) < 120
        assert one.card.claim.endswith(".")
        assert 0 < one.card.minutes < 30
        assert find(one.card.command.split()[-1]) == [one]


def test_a_door_in_pipelines_leads_to_each():
    doors = {path.stem: path.read_text("utf-8") for path in DOORS.glob("*_[0-9]*.py")}
    assert sorted(doors) == sorted(one.name for one in recipes())
    for one in recipes():
        assert f"from zhnlp.generative.recipes.{one.name} import main" in doors[one.name]
        assert one.card.command in doors[one.name]


def test_posts_that_a_recipe_touches_lead_to_it():
    assert [one.name for one in find("4439")] == ["transport_6280", "wgan_6280"]
    assert [one.name for one in find("vae_5253")] == ["vae_5253"]


def test_an_unknown_post_is_refused_with_the_nearest():
    with pytest.raises(
        ValueError, match=r"no recipe of 'vae_5254', did you mean 'vae_5253'\?.*generative list"
    ):
        find("vae_5254")


def test_the_page_for_readers_has_the_command_of_each():
    page = (DOORS.parents[1] / "docs/generative.md").read_text("utf-8")
    assert [one.name for one in recipes() if f"| `{one.card.command}` |" not in page] == []
