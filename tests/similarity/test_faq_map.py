import json
import re

import numpy as np
import pytest

from zhnlp.similarity import FAQIndex, load_encoder, map_faq


def index_of(count):
    index = FAQIndex(load_encoder())
    index.add(
        [f"{kind}问题{number}" for kind in ("退款", "密码") for number in range(count)],
        ids=[kind for kind in "rp" for _ in range(count)],
    )
    return index


def test_questions_of_one_kind_stand_together():
    points = map_faq(index_of(18)).points
    places = np.array([[point["x"], point["y"]] for point in points])
    assert abs(places).max() == 1
    middles = places[:18].mean(0), places[18:].mean(0)
    nearer = np.linalg.norm(places - middles[0], axis=1) < np.linalg.norm(places - middles[1], axis=1)
    assert nearer[:18].mean() > 0.9 > 0.1 > nearer[18:].mean()


def test_the_same_seed_gives_the_same_map_and_only_so_many_are_placed():
    index = index_of(20)
    few = map_faq(index, most=35, seed=3)
    assert few == map_faq(index, most=35, seed=3)
    assert (len(few.points), few.of) == (35, 40)


def test_files(tmp_path):
    found = map_faq(index_of(3))
    for name in ("m.html", "m.jsonl", "m.png", "m.svg"):
        found.save(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 200
    rows = [json.loads(line) for line in (tmp_path / "m.jsonl").read_text("utf-8").splitlines()]
    assert rows == found.points
    with pytest.raises(ValueError, match=r"'\.gif'"):
        found.save(tmp_path / "m.gif")


def test_texts_cannot_leave_the_data_of_the_page():
    index = FAQIndex(load_encoder())
    index.add(["</script><script>alert(1)</script>", "退款"], ["<b>", None])
    page = map_faq(index).to_html("<i>")
    assert page.count("<script>") == 1 and "&lt;i&gt;" in page
    data = json.loads(re.search(r"const points = (\[.*?\]), svg", page).group(1))
    assert data[0]["t"] == "</script><script>alert(1)</script>\n<b>"


def test_an_empty_index_is_refused():
    with pytest.raises(ValueError, match="empty"):
        map_faq(FAQIndex(load_encoder()))
