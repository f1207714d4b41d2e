"""The generator that ships, on what users give it.

Run: pytest tests/seq2seq/test_shipped_titles.py
"""

import pytest

from zhnlp import pipeline

LAW = "第一条 为了加强{0}的保护和管理，根据有关法律、法规，结合本市实际，制定本条例。第二条 本市行政区域内{0}的保护，适用本条例。"


@pytest.fixture(scope="module")
def pipe():
    return pipeline("title-generation", progress=False)


@pytest.mark.parametrize("thing", ["湿地", "古树名木", "饮用水水源"])
def test_a_statute_gets_the_name_of_what_it_is_about(pipe, thing):
    title = pipe(LAW.format(thing))["title"]
    assert thing in title and title.endswith("条例")


@pytest.mark.parametrize(
    "article",
    [
        "Linux is a free operating system. It runs on servers, phones and laptops. " * 9,
        "😀😃😄今天😀开心😁",
        "变压器😀于2025年3月检修，更换220kV断路器3台，负责人㸃芊芊。" * 2,
        "。",
        "a",
        "ＡＢＣ　全角\u3000空格\t\r\n第二行",
        "坏\ud800字",
        "湿地保护。" * 20_000,
    ],
    ids=[
        "English",
        "emoji",
        "mixed",
        "a stop",
        "a letter",
        "full width",
        "a broken surrogate",
        "100,000 characters",
    ],
)
def test_no_article_breaks_it(pipe, article):
    found = pipe(article)
    assert isinstance(found["title"], str) and found["score"] <= 0
    assert not any(mark in found["title"] for mark in ("[UNK]", "[COPY", "[SEP]", "\ud800"))
    found["title"].encode("utf-8")


@pytest.mark.parametrize("article", ["", " \n\u3000"])
def test_a_blank_article_is_refused(pipe, article):
    with pytest.raises(ValueError, match="article 0 is blank: expected a text"):
        pipe(article)


def test_a_batch_writes_what_one_does(pipe):
    articles = [LAW.format(thing) for thing in ("湿地", "道路交通安全设施", "森林")]
    assert [one["title"] for one in pipe(articles)] == [pipe(article)["title"] for article in articles]
