"""What mining must show on real texts; skipped where the public sets are absent."""

import json
import lzma
import os
from pathlib import Path

import pytest

from zhnlp import pipeline
from zhnlp.metrics import evaluate_lexicon
from zhnlp.text import is_han

DATA = Path(os.environ.get("ZHNLP_DATA", Path(__file__).parents[3] / "shared/data"))
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"the public sets are not at {DATA}; set ZHNLP_DATA"),
]


def test_names_of_a_novel_are_found():
    path = DATA / "corpora/classics/三国演义.txt.xz"
    text = lzma.decompress(path.read_bytes()).decode("utf-8")
    mention = json.loads((DATA / "lexicons/sanguo_entity_dict.json").read_text("utf-8"))["mention"]
    names = {name for entity in mention.items() for name in (entity[0], *entity[1])}
    gold = {name for name in names if 2 <= len(name) <= 4 and is_han(name) and text.count(name) >= 10}
    found = set(pipeline("new-words", progress=False)(path).words)
    assert len(gold) > 400
    assert len(gold & found) / len(gold) >= 0.9


def test_the_top_of_the_news_list_is_words():
    dictionary = (DATA / "lexicons/jiagu.dict").read_text("utf-8").splitlines()
    words = {line.split()[0] for line in dictionary if line.strip()}
    words |= set((DATA / "segmentation/pku_training_words.utf8").read_text("utf-8-sig").split())
    table = pipeline("new-words", min_count=32, progress=False)(
        DATA / "corpora/news.jsonl.xz", text_field="content"
    )
    listed = [row["word"] for row in table if 2 <= len(row["word"]) <= 4 and is_han(row["word"])]
    scores = evaluate_lexicon(listed, words, k=(1000, 3000))
    assert scores["precision_at"][1000] >= 0.98
    assert scores["precision_at"][3000] >= 0.95
