"""The page of evidence: every character of the passages is there, escaped; what is marked is the evidence; no script.

Run: pytest tests/reading/test_page.py
"""

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.reading import render_page, vote
from zhnlp.reading.page import marked


def row(question="谁写的？", passages=("曹雪芹写的。", "天气很好。", "作者：曹雪芹"), none=False):
    places = [(0, 0, 3, 0.9), (0, 2, 4, 0.2), (2, 3, 6, 0.5)]
    spans = [[] for _ in passages]
    for passage, start, end, score in places:
        answer = passages[passage][start:end]
        spans[passage].append({"answer": answer, "start": start, "end": end, "score": score})
    ranked = vote(spans)
    best = {"answer": "", "score": 0.8, "passage": None} if none else ranked[0]
    found = {**{name: best[name] for name in ("answer", "score", "passage")}, "no_answer": 0.8}
    return {"question": question, "passages": list(passages), "found": {**found, "candidates": ranked}}


def text_of(html):
    return unescape(re.sub("<[^>]+>", "", html))


PLACES = st.tuples(st.integers(0, 9), st.integers(1, 5), st.floats(0, 1), st.booleans())


@given(st.text("<&>\"'电网😀 \n", max_size=12), st.lists(PLACES, max_size=4))
def test_no_character_is_lost_or_doubled(text, places):
    places = [
        {"start": a, "end": min(len(text), a + n), "score": s, "best": b}
        for a, n, s, b in places
        if a < len(text)
    ]
    html = marked(text, places)
    assert text_of(html) == text
    if places:
        first = places[0]  # the most important one is always shown
        assert text[first["start"] : first["end"]] in [
            unescape(one) for one in re.findall(r">([^<>]+)</span>", html)
        ]


def test_the_answer_is_bold_in_every_passage_that_supports_it():
    page = render_page([row()])
    assert page.count("<strong><span") == 2 and 'title="0.900">曹雪芹</span></strong>写的。' in page
    assert "Passage 0" in page and "passages without evidence: 1" in page
    assert "0: 0.900 · 2: 0.500" in page and "score 0.442" in page  # 1.06 / 2.4
    assert page.index("Passage 0") < page.index("Passage 2") < page.index("Passage 1")


def test_no_answer_and_both_languages():
    page = render_page([row(none=True)], language="zh")
    assert "未找到答案" in page and "<strong><span" not in page and "无答案的概率 0.800" in page
    assert "There is nothing to show" in render_page([])
    with pytest.raises(ValueError, match="language='fr'"):
        render_page([], language="fr")


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.names, self.open = set(), []

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        assert not any(name.startswith("on") or name in ("style", "src", "href") for name, _ in attrs)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_hostile_texts_make_no_tags():
    evil = "<script>alert(1)</script><img src=x onerror=y>\0\ud800"
    page = render_page([row(evil, [f"曹雪芹{evil}", evil, f"作者：曹雪芹{evil}"])], title=evil)
    tags = Tags()
    tags.feed(page)
    assert not tags.names & {"script", "img"} and not tags.open
    page.encode("utf-8")
