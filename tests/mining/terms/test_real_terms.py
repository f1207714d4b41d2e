"""What domain terms must show on slices of real corpora; skipped where the public sets are absent."""

import json
import lzma
import os
from pathlib import Path

import pytest

from zhnlp.metrics import evaluate_terms, gold_words
from zhnlp.mining.lookup import find_texts
from zhnlp.mining.terms import DomainTermMiner, ReferenceCounts
from zhnlp.mining.terms.rules import chinese_rules
from zhnlp.mining.terms.scorers import SCORERS
from zhnlp.text import is_han

DATA = Path(os.environ.get("ZHNLP_DATA", Path(__file__).parents[4] / "shared/data"))
pytestmark = [
    pytest.mark.data,
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"the public sets are not at {DATA}; set ZHNLP_DATA"),
]
DOMAINS = {"law": ("law.jsonl.xz", "law.txt", 6), "it": ("it_lctt.jsonl.xz", "IT.txt", 3)}


def slice_of(name, every, field="text"):
    """One document of ``every`` so many; of several versions of a law only the first."""
    titles = set()
    with lzma.open(DATA / "corpora" / name, "rt", encoding="utf-8") as file:
        for number, line in enumerate(file):
            if number % every:
                continue
            record = json.loads(line)
            if record.get("title", number) not in titles:
                titles.add(record.get("title", number))
                yield record[field]


def gold_of(name):
    words = gold_words(DATA / "lexicons/thuocl" / name)
    return [word for word in words if 2 <= len(word) <= 8 and is_han(word)]


@pytest.fixture(scope="module")
def news():
    return ReferenceCounts.from_corpus(slice_of("news.jsonl.xz", 4, "content"))


@pytest.fixture(scope="module", params=DOMAINS)
def mined(request, news):
    corpus, lexicon, every = DOMAINS[request.param]
    miner = DomainTermMiner(news, vectors=False, examples=False, progress=False)
    table = miner.fit(slice_of(corpus, every)).freeze()
    gold = gold_of(lexicon)
    occurring = [word for word, node in zip(gold, find_texts(miner.trie, gold)) if node >= 0]
    return request.param, miner, table, occurring


def precision(terms, gold):
    return evaluate_terms([term for term in terms if is_han(term)], gold, k=[1000])


def test_the_default_beats_every_single_scorer(mined):
    name, miner, table, gold = mined
    assert len(gold) > 300
    default = precision(table.terms, gold)
    for other in set(SCORERS) - {"log_odds"}:
        single = precision(miner.ranking(other, top=30_000), gold)
        assert default["average_precision"] > 1.2 * single["average_precision"], (name, other)
        assert default["precision_at"][1000] > single["precision_at"][1000], (name, other)


def test_the_first_terms_belong_to_the_domain(mined):
    name, _, table, _ = mined
    expected = {"law": {"行政处罚", "建设用地"}, "it": {"操作系统", "命令行", "命名空间"}}[name]
    assert expected <= set(table.terms[:2000])
    general = ["今天", "记者", "问题", "一个", "我们", "进行", "根据", "可以", "没有", "已经"]
    assert not set(general) & set(table.terms)


def test_rules_reject_few_terms_of_any_profession():
    """A share of each list of THUOCL; what is rejected there is mostly no term (从0到1, 我维我权)."""
    rules = chinese_rules()
    for path in sorted((DATA / "lexicons/thuocl").glob("*.txt")):
        if path.stem in ("chengyu", "poem"):
            continue
        gold = gold_of(path.name)
        rejected = [term for term in gold if rules.verdict(term)]
        assert len(rejected) / len(gold) < 0.015, path.stem
