"""The readers of FewCLUE and of the reviews: small files of our own, the public sets where they are, refusals.

Run: pytest tests/corpora/test_few_shot_sets.py
"""

import json
import lzma
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "corpora"))

import fewclue_sets as fewclue
import sentiment

CHECKOUT = Path(__file__).parents[2]
DATA = Path(os.environ.get("ZHNLP_DATA", CHECKOUT.parent / "shared" / "data"))


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with lzma.open(path, "wt", encoding="utf-8") as file:
        file.writelines((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)


@pytest.fixture
def public_sets():
    if not (DATA / fewclue.FOLDER).is_dir():
        pytest.skip(f"no {fewclue.FOLDER} in {DATA}: set ZHNLP_DATA to the folder of the public sets")


def test_every_kind_of_row_becomes_an_example(tmp_path):
    rows = {
        "eprstmt": {"sentence": "好", "label": "Positive"},
        "tnews": {"sentence": "夺冠", "label": 103},
        "iflytek": {"sentence": "叫车", "label": 0, "label_des": "打车"},
        "ocnli": {"sentence1": "甲", "sentence2": "乙", "label": "neutral"},
        "chid": {"content": "他#idiom#地笑", "candidates": ["大方", "小气"], "answer": 1},
        "csl": {"abst": "摘要", "keyword": ["电网", "开关"], "label": "0"},
        "wsc": {
            "text": "猫看狗，它跑了。",
            "label": "true",
            "target": {"span1_text": "狗", "span2_text": "它", "span1_index": 2, "span2_index": 4},
        },
    }
    for task, row in rows.items():
        write(tmp_path / fewclue.FOLDER / fewclue.TASKS[task].folder / "train_0.jsonl.xz", [row])
    found = {task: fewclue.load(task, "train_0", tmp_path) for task in rows}
    assert (found["eprstmt"].examples, found["eprstmt"].labels) == (["好"], ["Positive"])
    assert found["tnews"].labels == ["体育"] and found["iflytek"].labels == ["打车"]
    assert found["ocnli"].examples == [{"text_a": "甲", "text_b": "乙"}]
    assert found["chid"].examples == [{"text_a": "他", "text_b": "地笑"}]
    assert (found["chid"].candidates, found["chid"].labels) == ([["大方", "小气"]], [1])
    assert found["csl"].examples == [{"text_a": "摘要", "text_b": "电网、开关"}]
    assert found["wsc"].examples == [{"text_a": "猫看狗，它跑了。", "text_b": "“它”指的是“狗”"}]


def test_rows_without_agreement_and_without_labels(tmp_path):
    folder = tmp_path / fewclue.FOLDER / "ocnli"
    rows = [{"sentence1": "甲", "sentence2": "乙", "label": label} for label in ("-", "neutral")]
    write(folder / "dev_0.jsonl.xz", rows)
    assert fewclue.load("ocnli", "dev_0", tmp_path).labels == ["neutral"]
    write(folder / "unlabeled.jsonl.xz", [{"sentence1": "甲", "sentence2": "乙"}])
    bare = fewclue.load("ocnli", "unlabeled", tmp_path)
    assert len(bare) == 1 and bare.labels == []
    assert fewclue.check(tmp_path) == [
        "ocnli dev_0: 1 rows, the paper has 32",
        "ocnli unlabeled: 1 rows, the paper has 20,000",
    ]


def test_wrong_files_are_refused(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        fewclue.load("chid", "train_0", tmp_path)
    assert "no train_0.jsonl.xz in" in capsys.readouterr().err
    write(tmp_path / fewclue.FOLDER / "chid/train_0.jsonl.xz", [{"sentence": "甲", "label": 1}])
    with pytest.raises(SystemExit):
        fewclue.load("chid", "train_0", tmp_path)
    assert "Likely a file of another task" in capsys.readouterr().err
    write(tmp_path / "a.tsv.xz", ["好\t1", "没有标签"])
    with pytest.raises(SystemExit):
        sentiment.reviews(tmp_path / "a.tsv.xz")
    assert "line 2: expected text<TAB>0 or 1" in capsys.readouterr().err
    write(tmp_path / sentiment.FOLDER / "valid.tsv.xz", ["好\t1"])
    with pytest.raises(SystemExit):
        sentiment.load("valid", tmp_path)
    assert "(1, 0) positive and negative reviews: expected (1037, 1074)" in capsys.readouterr().err


def test_a_tab_in_a_review_belongs_to_it(tmp_path):
    write(tmp_path / "a.tsv.xz", ["好\t很好\t1"])
    assert sentiment.reviews(tmp_path / "a.tsv.xz") == (["好\t很好"], [1])


@pytest.mark.data
@pytest.mark.usefixtures("public_sets")
def test_the_public_sets_have_the_sizes_of_the_papers():
    assert fewclue.check(DATA) == []
    assert {task: len(set(fewclue.load(task, "train_0", DATA).labels)) for task in fewclue.TASKS} == {
        task: kind.classes for task, kind in fewclue.TASKS.items()
    }
    for split in sentiment.SIZES:
        texts, labels = sentiment.load(split, DATA)
        assert (sum(labels), len(texts) - sum(labels)) == sentiment.SIZES[split]
