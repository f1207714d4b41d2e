"""pipeline("keywords"): every kind of statistics, collections, evaluation, refusals, real texts.

Run: pytest tests/tasks/test_keywords.py
"""

import json
import lzma
import os
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from zhnlp import Corpus, pipeline
from zhnlp.metrics.keywords import evaluate_keywords

ROOT = Path(__file__).parents[2]
GRID = sorted((ROOT / "corpora/power_grid").glob("[0-9]*.txt"))
DATA = Path(os.environ.get("ZHNLP_DATA", ROOT.parent / "shared/data"))
TEXT = "避雷器限制过电压。避雷器的接地电阻要小，接地电阻每年测量。"


@pytest.fixture(scope="module")
def pipe():
    return pipeline("keywords")


def terms(found):
    return [row["term"] for row in found]


def test_one_text_a_list_an_iterator(pipe):
    found = pipe(TEXT)
    assert set(terms(found)[:2]) == {"避雷器", "接地电阻"}
    assert json.loads(json.dumps(found)) == found
    assert pipe([TEXT, TEXT]) == [found, found]
    lazy = pipe(iter([TEXT]))
    assert isinstance(lazy, Iterator) and list(lazy) == [found]


def test_top_beyond_the_candidates_gives_what_there_is():
    found = pipeline("keywords", top=100)("变压器和母线")
    assert sorted(terms(found)) == ["变压器", "母线"]


def test_articles_are_about_what_they_are_about(pipe):
    wanted = {
        "03-power-transformers.txt": "变压器",
        "04-circuit-breakers-and-gis.txt": "断路器",
        "06-overhead-lines-and-cables.txt": "架空线路",
        "08-lightning-protection.txt": "避雷器",
        "11-reactive-power-and-voltage.txt": "无功功率",
        "12-harmonics-and-power-quality.txt": "谐波",
    }
    for name, term in wanted.items():
        text = (ROOT / "corpora/power_grid" / name).read_text("utf-8")
        assert term in terms(pipe(text)), name


def test_text_without_han(pipe):
    found = pipe("The lightning arrester protects the power transformer. A lightning arrester is small.")
    assert "lightning arrester" in [term.lower() for term in terms(found)]


def test_a_long_text_is_one_text(pipe):
    text = "\n".join(path.read_text("utf-8") for path in GRID) * 3
    begin = time.perf_counter()
    found = pipe(text)
    assert len(found) == 5 and time.perf_counter() - begin < 30
    assert all(text[row["start"] : row["end"]] == row["term"] for row in found)


# --- statistics ------------------------------------------------------------------------------------------------


def test_every_kind_of_table_does_the_same(tmp_path):
    rows = [{"term": "过电压", "score": 2.0}, {"term": "测量", "score": 1.0}]
    found = pipeline("keywords", statistics=rows)(TEXT)
    assert found != pipeline("keywords")(TEXT) and "过电压" in terms(found)
    path = tmp_path / "terms.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    table = tmp_path / "terms.csv"
    table.write_text("term,score\n过电压,2.0\n测量,1.0\n", "utf-8")
    for statistics in (iter(rows), path, str(path), table):
        assert pipeline("keywords", statistics=statistics)(TEXT) == found
    assert pipeline("keywords", path)(TEXT) == found


def test_another_reference_is_taken():
    class Toy:
        total = 1000

        def count(self, texts):
            return [9 if text == "母线" else 0 for text in texts]

    pipe = pipeline("keywords", statistics=Toy(), top=1)
    assert terms(pipe("母线和绕组")) == ["绕组"]
    assert pipeline("keywords", statistics=pipe.extractor, top=1)("母线和绕组") == pipe("母线和绕组")


def test_fit_save_and_load(tmp_path):
    texts = [path.read_text("utf-8") for path in GRID]
    learnt = pipeline("keywords").fit(texts)
    assert learnt.extractor.background.documents == len(texts)
    path = learnt.save(tmp_path / "grid.jsonl")
    again = pipeline("keywords", statistics=path)
    assert [terms(again(text)) for text in texts[:5]] == [terms(learnt(text)) for text in texts[:5]]
    assert [terms(again(text)) for text in texts[:5]] != [
        terms(pipeline("keywords")(text)) for text in texts[:5]
    ]


def test_paths_and_corpora_are_learnt_from():
    corpus = Corpus.from_paths(GRID[:4], unit="file")
    assert pipeline("keywords", statistics=corpus).extractor.background.documents == 4
    by_path = pipeline("keywords", statistics=GRID[:2])
    by_pattern = pipeline("keywords", statistics=str(ROOT / "corpora/power_grid/0[12]*.txt"))
    assert by_path(TEXT) == by_pattern(TEXT)
    assert by_path.extractor.background.document_counts == by_pattern.extractor.background.document_counts


def test_a_jsonl_of_texts_is_a_corpus(tmp_path):
    path = tmp_path / "texts.jsonl"
    path.write_text('{"text": "变压器"}\n{"text": "母线"}\n', "utf-8")
    assert pipeline("keywords", statistics=path).extractor.background.documents == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("{broken\n", "line 1 is no JSON"),
        ('{"term": "电网"}\n{"count": 3}\n', "row 2 has"),
        ('{"term": " "}\n', "row 1 has"),
        ('{"documents": "many"}\n', "'many' documents"),
        ('{"documents": 3}\n{"phrase": "电网", "document_count": 4}\n', "line 2 is"),
        ('{"documents": 3}\n{"phrase": 1, "document_count": 1}\n', "line 2 is"),
    ],
)
def test_broken_files_are_refused(tmp_path, content, said):
    path = tmp_path / "terms.jsonl"
    path.write_text(content, "utf-8")
    with pytest.raises(ValueError, match=said):
        pipeline("keywords", statistics=path)


def test_other_refusals(tmp_path):
    with pytest.raises(FileNotFoundError):
        pipeline("keywords", statistics="no-such-file.jsonl")
    for wrong in (3, b"x", {"电网": 3}):
        with pytest.raises(TypeError, match="statistics got"):
            pipeline("keywords", statistics=wrong)
    with pytest.raises(ValueError, match="holds no term"):
        pipeline("keywords", statistics=[])
    with pytest.raises(ValueError, match="row 1 has 3"):
        pipeline("keywords", statistics=[3])
    for top in (0, -1, 2.5, True):
        with pytest.raises(ValueError, match="top="):
            pipeline("keywords", top=top)
    with pytest.raises(TypeError, match="both statistics and model"):
        pipeline("keywords", "x.jsonl", statistics="y.jsonl")
    with pytest.raises(ValueError, match="nothing was learnt"):
        pipeline("keywords").save(tmp_path / "x.jsonl")
    with pytest.raises(ValueError, match=r"expected \.jsonl"):
        pipeline("keywords").fit(["电网"]).save(tmp_path / "x.csv")


# --- quality ---------------------------------------------------------------------------------------------------


def test_evaluate(pipe):
    scores = pipe.evaluate([TEXT], [["避雷器", "接地电阻", "绕组"]])
    assert scores["hits"] == 2 and scores["recall"] == pytest.approx(2 / 3)


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason=f"the public sets are not at {DATA}; set ZHNLP_DATA")
def test_csl_keywords_beat_jieba_by_far():
    """The first 300 records, on which (among others) the weights were fitted: a guard, not a result."""
    import logging

    import jieba
    import jieba.analyse

    jieba.setLogLevel(logging.ERROR)
    with lzma.open(DATA / "titles/csl/merged.dev.jsonl.xz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line, _ in zip(file, range(300))]
    abstracts, gold = [row["abstract"] for row in rows], [row["keywords"] for row in rows]
    theirs = evaluate_keywords([jieba.analyse.extract_tags(text, topK=5) for text in abstracts], gold)["f1"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = pipeline("keywords").evaluate(abstracts, gold)["f1"]
        learnt = pipeline("keywords").fit(abstracts).evaluate(abstracts, gold)["f1"]
    assert min(ours, learnt) > 1.5 * theirs
