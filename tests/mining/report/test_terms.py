"""The page of domain terms: what it embeds and says beyond that of a lexicon."""

import re
from importlib.resources import files

import numpy as np
import pytest

from zhnlp.mining.report import TERM_COLUMNS, Column, write_report
from zhnlp.mining.report.columns import present_columns
from zhnlp.mining.report.labels import _LABELS, labels
from zhnlp.mining.report.payload import pack_columns, pack_places
from zhnlp.mining.report.rejected import rejected_html, rejected_rules
from zhnlp.mining.report.term_labels import TERM_LABELS
from zhnlp.mining.table import RankedTable

REJECTED = {
    "numeral": {"count": 2, "examples": ["三月", "一款"]},
    "function characters": {"count": 6, "examples": [f"的{i}" for i in range(30)]},
}


class Terms(RankedTable):
    columns = {"term": "text", "count": "whole"}  # noqa: RUF012
    report_kind = "terms"


def test_every_key_of_a_term_row_is_described_in_both_languages(terms):
    described = {column.key for column in TERM_COLUMNS}
    assert terms[0].keys() - described == {"example", "x", "y"}
    for column in TERM_COLUMNS:
        assert column.meaning and column.heading_zh and column.meaning_zh
        assert bool(column.unit) == bool(column.unit_zh)


def test_lists_clusters_places_and_totals_are_embedded(make, terms):
    data = make(terms, kind="terms", settings={"symbols": 1000, "reference_symbols": 4000}).data
    assert data["values"]["nested"] == [["变压器"], None, None, None, ["合同", "同法"]]
    assert data["values"]["cluster"] == [7, 7, 2, None, 2]
    assert data["places"] == {"x": [0, 1, 5, None, 6], "y": [0, 0.5, 5, None, 5]}
    assert data["totals"] == {"domain": 1000, "reference": 4000}
    assert not {"x", "y"} & {column["key"] for column in data["columns"]}


def test_a_lexicon_has_nothing_of_terms(make, lexicon):
    page = make(lexicon)
    assert page.data["places"] == {}
    assert "Rejected" not in page.text and "domain" not in page.text.lower()
    assert not [a for _, a in page.elements if a.get("id") == "rejected"]


def test_the_page_speaks_of_terms_and_counts_rejected_candidates(make, terms):
    page = make(terms, kind="terms", settings={"rejected": REJECTED, "min_count": 5})
    assert page.text.startswith("Domain terms Skip to the terms Domain terms")
    assert "5 terms found" in page.text and "8 candidates rejected rules: 2" in page.text
    assert "function characters 6 75.0% 的0 的1" in page.text and "的19" in page.text
    assert "的20" not in page.text  # twenty examples are enough
    assert page.text.index("function characters") < page.text.index("numeral 2 25.0% 三月 一款")
    assert "rejected" not in page.text[page.text.index("Settings min_count") :]
    assert "领域术语" in make(terms, kind="terms", language="zh").text


def test_no_term_says_how_many_were_rejected(make):
    settings = {"rejected": REJECTED, "min_count": 5}
    with pytest.warns(UserWarning, match=r"holds no terms: .*\(?min_count=5.*Rules rejected 8 candidates"):
        page = make([], kind="terms", corpus={"characters": 9_000_000}, settings=settings)
    assert "No term was found" in page.text and "most of them the rule function characters" in page.text


@pytest.mark.parametrize("given", [None, [], {"numeral": 3}, {"numeral": {"count": "3"}}, {}])
def test_rejected_of_another_shape_stay_among_the_settings(make, terms, given):
    assert rejected_rules({"rejected": given}) == {} and rejected_html({}, labels("en")) == ""
    page = make(terms, kind="terms", settings={"rejected": given})
    assert "Rejected candidates" not in page.text and "Settings rejected" in page.text


def test_hostile_rules_and_terms_never_become_markup(make, terms, hostile):
    calm = make(terms, kind="terms")
    terms[0].update(term=hostile, nested=[hostile], variants=['"><img src=x onerror=1>'], cluster=hostile)
    page = make(terms, kind="terms", settings={"rejected": {hostile: {"count": 1, "examples": [hostile]}}})
    assert page.scripts[1] == calm.scripts[1] and len(page.scripts) == 2
    assert not [tag for tag, _ in page.elements if tag == "img"]
    assert page.data["values"]["nested"][0] == [hostile]
    assert page.text.count(hostile) == 2  # the rule and its example


def test_a_table_of_terms_writes_the_page_of_its_kind(terms, tmp_path):
    table = Terms(terms, corpus={"characters": 90}, settings={"rejected": REJECTED})
    page = table.report(tmp_path / "terms.html").read_text("utf-8")
    assert "<title>Domain terms</title>" in page and 'id="rejected"' in page
    assert "<title>电力</title>" in table.report(tmp_path / "terms.html", title="电力").read_text("utf-8")


def test_undescribed_lists_are_lists_and_a_lone_text_is_one():
    rows = [{"term": "电网", "seen": ("a", "b")}, {"term": "电站", "seen": []}]
    columns = present_columns(rows)
    assert columns[-1].format == "list"
    assert pack_columns(rows, columns)["seen"] == [["a", "b"], None]
    assert pack_columns([{"s": "ab"}], [Column("s", "s", format="list")]) == {"s": [["ab"]]}


def test_places_of_numpy_and_without_number():
    rows = [{"x": np.float32(0.1), "y": float("nan")}, {"x": np.float64(1), "y": 2}, {}]
    assert pack_places(rows) == {"x": [0.1, 1.0, None], "y": [None, 2, None]}
    assert pack_places(rows[:1]) == pack_places([]) == {}


@pytest.mark.parametrize("values", [{"x": "left", "y": 0}, {"x": 0, "y": "top"}])
def test_a_place_that_is_no_number_is_refused(values):
    with pytest.raises(TypeError, match=r"rows\[0\]\['[xy]'\] is '(left|top)', expected a number"):
        pack_places([values])


def test_an_unknown_kind_is_refused(tmp_path):
    with pytest.raises(ValueError, match="kind='names' is not known, expected 'words' or 'terms'"):
        write_report(tmp_path / "page.html", [{"term": "电网"}], kind="names")


@pytest.mark.parametrize("key", TERM_LABELS)
def test_labels_of_terms_stand_for_those_of_words(key):
    assert key in _LABELS
    for place, text in enumerate(TERM_LABELS[key]):
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", _LABELS[key][place]))


def _linear(code):
    values = np.array([int(code[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _lab(linear):
    """OKLab, in which distances are what the eye sees."""
    cones = np.cbrt(
        np.clip(linear, 0, None)
        @ np.array([[0.4122, 0.2119, 0.0883], [0.5363, 0.6807, 0.2817], [0.0514, 0.1074, 0.63]])
    )
    return cones @ np.array([[0.2105, 1.978, 0.0259], [0.7936, -2.4286, 0.7828], [-0.0041, 0.4506, -0.8087]])


# Machado, Oliveira and Fernandes 2009: how colours look without red, green or blue cones
SIGHTS = {
    "all": np.eye(3),
    "no red": [[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.052]],
    "no green": [[0.3673, 0.8606, -0.228], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]],
    "no blue": [[1.2555, -0.0767, -0.1788], [-0.0784, 0.9308, 0.1476], [0.0047, 0.6914, 0.3039]],
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_of_clusters_stand_out_and_apart_for_every_eye(scheme):
    style = (files("zhnlp.mining.report") / "templates/style.css").read_text("utf-8")
    rules = re.findall(r":root \{(.*?)\}", style, re.S)[scheme == "dark"]
    colours = {name: _linear(code) for name, code in re.findall(r"--(g\d|card): (#\w{6})", rules)}
    card = colours.pop("card") @ [0.2126, 0.7152, 0.0722]
    assert len(colours) == 8
    for colour in colours.values():
        light = sorted((colour @ [0.2126, 0.7152, 0.0722], card))
        assert (light[1] + 0.05) / (light[0] + 0.05) >= 2.99  # WCAG asks 3 of graphics
    for name, sight in SIGHTS.items():
        seen = np.array([_lab(np.clip(np.asarray(sight) @ colour, 0, 1)) for colour in colours.values()])
        apart = np.linalg.norm(seen[:, None] - seen[None], axis=-1)[np.triu_indices(8, 1)]
        assert apart.min() > (0.09 if name == "no blue" else 0.15)  # 0.02 is just seen
