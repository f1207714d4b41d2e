"""Pages of posts, from small results that were never run.

Run: pytest tests/pipelines/generative/test_build_posts.py
"""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "pipelines/generative"))

import build_posts

Image = pytest.importorskip("PIL.Image")
MACHINE = {"cpu": "a chip", "cores": 2, "date": "2026-01-02 03:04", "commit": "abc", "python": "3.11"}
CLAIMS = [
    {"claim": "error of |x|", "figure": 2.0, "seeds": [1.0, 3.0], "bar": "< 2.5", "met": True},
    {"claim": "too low", "figure": 0.25, "seeds": [0.25], "bar": "> 0.5", "met": False},
    {"claim": "no bar", "figure": 7.0, "seeds": [7.0], "bar": "", "met": None},
]


def result(folder, post=5253, name="5253", **changes):
    folder.mkdir(parents=True)
    made = {
        "post": post,
        "posts": [post, 5343],
        "title": f"Title of {name}",
        "address": f"https://kexue.fm/archives/{post}",
        "claimed": "It works.",
        "command": f"zhnlp generative run {name}",
        "quick": False,
        "seeds": 2,
        "seconds": 61.2,
        "machine": MACHINE,
        "claims": CLAIMS,
        "pictures": [{"file": "grid.png", "caption": "Many squares."}],
    }
    (folder / "figures.json").write_text(json.dumps(made | changes), encoding="utf-8")
    image = Image.new("RGB", (1500, 300))
    image.putdata([(x % 256, y % 256, (x * y) % 256) for y in range(300) for x in range(1500)])
    image.save(folder / "grid.png")


def build(tmp_path, *more):
    return build_posts.main(["--results", str(tmp_path / "runs"), "--docs", str(tmp_path / "docs"), *more])


def test_a_page_has_claim_command_figures_with_bars_and_pictures(tmp_path):
    result(tmp_path / "runs/5253")
    pages = build(tmp_path)
    assert [path.name for path in pages] == ["5253.md", "README.md"]
    page = pages[0].read_text("utf-8")
    assert page.startswith("# Title of 5253\n\nPosts [5253](https://kexue.fm/archives/5253), [5343](")
    for said in (
        "**Claim:** It works.",
        "```bash\nzhnlp generative run 5253\n```",
        "| error of \\|x\\| | 2 ± 1.414 | 1, 3 | < 2.5 | yes |",
        "| too low | 0.250 |  | > 0.5 | **no** |",
        "| no bar | 7 |  | – | – |",
        "1 of 2 bars met. 2 seeds; 61 s on 2 cores (a chip), 2026-01-02 03:04, commit abc.",
        "![Many squares](../images/generative/5253/grid.png)",
    ):
        assert said in page
    with Image.open(tmp_path / "docs/images/generative/5253/grid.png") as picture:
        assert picture.size == (1000, 200)
        assert picture.mode == "P"


def test_recipes_of_one_post_share_a_page_and_the_index_has_all(tmp_path):
    result(tmp_path / "runs/a", 6705, "estimators_6705")
    result(tmp_path / "runs/b", 6705, "discrete_vae_6705")
    result(tmp_path / "runs/c", 5239, "5239", posts=[5239])
    first, second, index = (path.read_text("utf-8") for path in build(tmp_path))
    assert first.startswith("# Title of 5239")
    assert second.startswith("# Post 6705\n\n## Title of discrete_vae_6705\n\nPosts [6705]")
    assert "\n\n## Title of estimators_6705\n\n" in second
    assert index.count("1 of 2 bars met") == 3
    assert "[Title of 5239](5239.md) | `zhnlp generative run 5239`" in index
    assert "Also: [5343](https://kexue.fm/archives/5343) in [6705](6705.md)." in index


def test_the_same_results_give_the_same_files_and_old_pictures_go(tmp_path):
    result(tmp_path / "runs/5253")
    files = [path for page in build(tmp_path) for path in [page]]
    before = [path.read_bytes() for path in files]
    picture = tmp_path / "docs/images/generative/5253/grid.png"
    drawn = picture.read_bytes()
    (picture.parent / "old.png").touch()
    build(tmp_path)
    assert [path.read_bytes() for path in files] == before
    assert picture.read_bytes() == drawn
    assert not (picture.parent / "old.png").exists()


def test_pictures_become_smaller_until_all_fit(tmp_path):
    result(tmp_path / "runs/5253")
    path = tmp_path / "runs/5253/grid.png"
    large = len(build_posts.shrunk([path], 10**7)[path])
    assert len(build_posts.shrunk([path], large)[path]) < large
    with pytest.raises(ValueError, match="expected below 100"):
        build_posts.shrunk([path], 100)


def test_an_animation_keeps_its_frames(tmp_path):
    frames = [Image.new("RGB", (1200, 60), (shade, 0, 0)) for shade in (0, 100, 200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=80)
    (tmp_path / "b.gif").write_bytes(build_posts.smaller(tmp_path / "a.gif", 600, 16))
    with Image.open(tmp_path / "b.gif") as picture:
        assert (picture.n_frames, picture.size, picture.info["duration"]) == (3, (600, 30), 80)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"quick": True, "command": "zhnlp generative run 5253 --quick"},
            "Next: zhnlp generative run 5253, or",
        ),
        ({"post": None}, None),
    ],
    ids=["quick", "unfinished"],
)
def test_results_that_are_none_are_refused(tmp_path, changes, said, capsys):
    result(tmp_path / "runs/5253", **changes)
    if said is None:
        path = tmp_path / "runs/5253/figures.json"
        path.write_text(json.dumps({"post": 5253}), encoding="utf-8")
        said = "lacks address, claimed, claims"
    with pytest.raises(SystemExit):
        build(tmp_path)
    assert said in capsys.readouterr().err
    assert not (tmp_path / "docs").exists()


def test_quick_results_are_taken_when_asked_for_and_marked(tmp_path):
    result(tmp_path / "runs/5253", quick=True, command="zhnlp generative run 5253 --quick")
    assert "**Of a --quick run.**" in build(tmp_path, "--quick")[0].read_text("utf-8")


def test_no_results_and_two_of_one_recipe_are_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        build(tmp_path)
    assert "no figures.json below" in capsys.readouterr().err
    result(tmp_path / "runs/a")
    result(tmp_path / "runs/b")
    with pytest.raises(SystemExit):
        build(tmp_path)
    assert "two results of 5253" in capsys.readouterr().err
