"""pipeline("explain"): texts, lists and streams in order, what can be explained, and what is said of long and rough ones.

Run: pytest tests/tasks/test_explain.py
"""

import json
import warnings
from collections.abc import Iterator

import pytest
from small_models import make_tokenizer, save_checkpoint
from tiny_classifiers import make_classifier

from zhnlp import pipeline
from zhnlp.attribution import Explanation, explain

TEXTS = ["今天天气很好", "变压器", "北京大学生研究电网"]


@pytest.fixture(scope="module")
def pair():
    return make_classifier()


@pytest.fixture(scope="module")
def folder(pair, tmp_path_factory):
    place = tmp_path_factory.mktemp("classifier")
    for part in pair:
        part.save_pretrained(place)
    return place


@pytest.fixture(scope="module")
def pipe(folder):
    return pipeline("explain", model=folder, steps=8)


def test_one_text_a_list_an_iterator(pipe, pair):
    results = pipe(TEXTS)
    assert isinstance(results, list) and [found["text"] for found in results] == TEXTS
    assert results == [pipe(text) for text in TEXTS] == pipe(tuple(TEXTS)) and pipe([]) == []
    lazy = pipe(iter(TEXTS))
    assert isinstance(lazy, Iterator) and list(lazy) == results
    assert all(isinstance(found, Explanation) for found in results)
    assert json.loads(json.dumps(results)) == results
    assert {"tokens", "target", "completeness_error"} <= results[0].keys()
    assert results[0]["tokens"] == explain(pair, TEXTS[0], steps=8)["tokens"]
    assert "<html" in results[0].to_html()


def test_an_endless_iterator_is_read_one_by_one(pipe):
    taken = []

    def endless():
        while True:
            taken.append(0)
            yield "电" * len(taken)

    stream = pipe(endless())
    assert taken == []
    assert next(stream)["text"] == "电" and len(taken) == 1


def test_a_target_is_the_same_for_all(pipe):
    assert pipe.classes == ["负面", "中性", "正面"]
    assert [found["target"] for found in pipe(TEXTS, target="中性")] == ["中性"] * 3
    taken = []
    with pytest.raises(ValueError, match="target='好评' is no class of"):
        pipe(taken, target="好评")


def test_every_kind_of_classifier(pair, folder):
    import transformers

    model, tokenizer = pair
    wanted = pipeline("explain", model=folder, steps=8)(TEXTS[0])["tokens"]
    hub = transformers.pipeline("text-classification", model=model, tokenizer=tokenizer)
    for given, options in (
        (pair, {}),
        (model, {"tokenizer": tokenizer}),
        (hub, {}),
        (str(folder), {"device": "cpu"}),
    ):
        assert pipeline("explain", model=given, steps=8, **options)(TEXTS[0])["tokens"] == wanted


def test_labels_make_a_classifier_of_a_language_model(tmp_path):
    save_checkpoint(tmp_path, "bert")
    labels = {"正面": ["好"], "负面": ["不"]}
    pipe = pipeline("explain", model=tmp_path, labels=labels, template="{text}很{mask}", steps=8)
    found = pipe(TEXTS)
    assert {one["target"] for one in found} <= {"正面", "负面"}
    assert [part["text"] for part in found[0]["template"]] == ["很"]
    classify = pipeline("few-shot-classification", model=tmp_path, labels=labels, template="{text}很{mask}")
    assert (
        explain(classify, TEXTS[0], steps=8)
        == pipeline("explain", model=classify, steps=8)(TEXTS[0])
        == found[0]
    )
    several = pipeline(
        "explain", model=tmp_path, labels=labels, template=["{text}很{mask}", "{mask}，{text}"], steps=8
    )
    assert set(several(TEXTS[0]).templates) == {"{text}很{mask}", "{mask}，{text}"}
    pairs = pipeline("explain", model=tmp_path, labels=labels, template="{text_a}{mask}{text_b}", steps=8)
    one = {"text_a": "今天", "text_b": "天气"}
    assert pairs(one)["text"] == one and [found["text"] for found in pairs([one, one])] == [one, one]


def test_pairs_are_tuples_too(pipe, tmp_path):
    save_checkpoint(tmp_path, "bert")
    options = {"labels": {"正面": "好", "负面": "不"}, "method": "occlusion"}
    pairs = pipeline("explain", model=tmp_path, template="{text_a}{mask}{text_b}", **options)
    found = pairs({"text_a": "今天", "text_b": "天气"})
    assert pairs(("今天", "天气")) == found
    assert pairs([("今天", "天气"), ["今天", "天气"]]) == pairs((("今天", "天气"),) * 2) == [found, found]
    assert pairs.telling_words(("今天", "天气"), min_count=1).settings["texts"] == {found["target"]: 1}
    with pytest.raises(TypeError, match=r"expected a pair: \(a, b\)"):
        pairs(["今天", "天气"])
    assert [one["text"] for one in pipe(("今天", "天气"))] == ["今天", "天气"]  # of a classifier of texts
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert pipe([("今天", "天气")])[0]["text"] == {"text_a": "今天", "text_b": "天气"}
    single = pipeline("explain", model=tmp_path, template="{text}很{mask}", **options)
    with pytest.raises(TypeError, match=r"got tuple to explain: expected a text \(str\)"):
        single([("今天", "天气")])


def test_columns_and_tables_give_their_texts(pipe, folder):
    pandas = pytest.importorskip("pandas", reason="tables are those of pandas")
    table = pandas.DataFrame({"label": [1, 2, 3], "text": TEXTS})
    assert pipe(table) == pipe(table["text"]) == pipe(table["text"].to_numpy()) == pipe(TEXTS)
    assert pipe.telling_words(table, min_count=1) == pipe.telling_words(TEXTS, min_count=1) != []
    quick = pipeline("explain", model=folder, method="occlusion")
    pairs = pandas.DataFrame({"text_a": TEXTS, "text_b": TEXTS})
    assert quick(pairs) == quick(list(zip(TEXTS, TEXTS)))
    with pytest.raises(
        ValueError, match=r"columns 'review', 'label': expected 'text', or .*Next: pipe\(table\[column\]"
    ):
        pipe(table.rename(columns={"text": "review"})[["review", "label"]])
    with pytest.raises(TypeError, match="got float as text 1: expected str"):
        pipe(pandas.Series(["电", float("nan")], dtype=object))


def test_one_text_of_a_table_of_words_is_no_list_of_characters(pipe):
    assert sum(pipe.telling_words("变压器", min_count=1).settings["texts"].values()) == 1


def test_cut_and_rough_ones_are_counted_once(folder):
    pipe = pipeline("explain", model=folder, steps=1, tolerance=1e-6)
    with pytest.warns(UserWarning) as said:
        found = pipe(["变压器" * 40, *TEXTS])
    messages = [str(one.message) for one in said]
    assert len(messages) == 2 and "1 of 4 texts were too long" in messages[0]
    assert (
        "4 of 4 explanations have a completeness error above" in messages[1] and "steps='auto'" in messages[1]
    )
    assert found[0]["cut"] and not found[1]["cut"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pipeline("explain", model=folder, steps=1, method="occlusion")(TEXTS)


def test_the_table_of_many_texts(pipe):
    table = pipe.telling_words(TEXTS * 2, target="正面")
    assert table.classes == ["正面"] and table.settings["texts"] == {"正面": 6}
    assert {row["count"] for row in table} == {2}


def test_refusals(pipe, pair, tmp_path):
    for wrong in (3, None, b"x", ["电", 3], [["电"]]):
        with pytest.raises(TypeError, match="expected"):
            pipe(wrong)
    with pytest.raises(ValueError, match=r"text 1: explain got .*reads no token"):
        pipe(["电", ""])
    with pytest.raises(ValueError, match=r"^explain got '龘'"):
        pipe("龘")
    with pytest.raises(TypeError, match=r"explain got no classifier.*labels="):
        pipeline("explain")
    with pytest.raises(TypeError, match="a template without labels="):
        pipeline("explain", template="{text}{mask}")
    with pytest.raises(TypeError, match="device= with a name"):
        pipeline("explain", model=pair, device="cpu")
    with pytest.raises(ValueError, match="method='shap' is not known"):
        pipeline("explain", model=pair, method="shap")
    with pytest.raises(ValueError, match=r"RoFormerForMaskedLM and no classifier.*labels"):
        pipeline("explain", model="zhnlp-mlm-small")
    with pytest.raises(FileNotFoundError):
        pipeline("explain", model=tmp_path / "nowhere")
    with pytest.raises(TypeError, match="as classifier: expected"):
        pipeline("explain", model=pipeline("word-segmentation", lexicon=["电"]))
    with pytest.raises(TypeError, match="to explain: expected"):
        pipe([{"text_a": "电", "text_b": "网", "text_c": "x"}])
    assert make_tokenizer().mask_token  # the shared tokenizer is as it was
