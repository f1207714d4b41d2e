"""Heat maps for browsers and terminals: escaped, whole, aligned.

Run: pytest tests/attribution/test_pages.py
"""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.attribution import Explanation, render_page
from zhnlp.attribution.display_width import text_width
from zhnlp.attribution.style import style
from zhnlp.attribution.terminal import render_text, wants_color


def explained(text="房间很脏，服务差", scores=(0, 0.1, -0.4, -3, 0, 1, 1, -2), **more):
    tokens = [
        {"text": c, "start": n, "end": n + 1, "score": float(s)} for n, (c, s) in enumerate(zip(text, scores))
    ]
    words = [
        {"text": text[:2], "start": 0, "end": 2, "score": 0.1},
        {"text": text[2:4], "start": 2, "end": 4, "score": -3.4},
    ]
    whole = {
        "text": text,
        "tokens": tokens,
        "words": words,
        "template": [],
        "target": "正面",
        "prediction": "负面",
    }
    whole |= {
        "probability": 0.125,
        "value": -1.5,
        "baseline_value": 2.0,
        "completeness_error": 0.0012,
        "output": "logit",
    }
    return Explanation(
        {
            **whole,
            "method": "integrated-gradients",
            "baseline": "pad",
            "steps": 50,
            "cut": False,
            "read": len(text),
            **more,
        }
    )


class Checked(HTMLParser):
    """Every tag that is opened is closed; collects the text of the heat maps and the classes."""

    VOID = ("meta", "br")

    def __init__(self):
        super().__init__()
        self.open, self.text, self.classes, self.maps = [], [], set(), []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        assert "style" not in attributes and not any(name.startswith("on") for name in attributes)
        names = (attributes.get("class") or "").split()
        self.classes |= set(names)
        if tag not in self.VOID:
            self.open.append((tag, "map" in names))
            if "map" in names:
                self.maps.append("")

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        self.text.append(data)
        if any(inside for _, inside in self.open):
            self.maps[-1] += data


def read(page):
    parser = Checked()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser


def test_the_page_shows_signs_values_and_legend():
    page = explained().to_html()
    parser = read(page)
    assert parser.maps == ["房间很脏，服务差"]
    assert '<span class="n9" title="脏 −3">脏</span>' in page
    assert '<span class="p3" title="服 +1">服</span>' in page
    text = " ".join(parser.text)
    for said in (
        "target 正面",
        "probability 0.125",
        "the classifier chooses 负面",
        "completeness error 0.12%",
        "50 points",
        "for the target",
    ):
        assert said in text
    assert {f"{sign}{number}" for sign in "pn" for number in range(1, 10)} <= parser.classes  # the legend
    assert all(f".{name} {{" in style() for name in parser.classes if re.fullmatch("[pn][1-9]", name))
    assert "rough" not in page and "prefers-color-scheme: dark" in page


def test_nothing_of_the_user_s_text_is_read_as_html():
    text = "<b>&\"'\x00\ud800</b>{{x}}"
    page = explained(text, [1] * len(text), target="<i>", template=[{"text": "<u>", "score": 1.0}]).to_html()
    page.encode("utf-8")
    parser = read(page)
    assert parser.maps[0] == text.replace("\x00", "\u2400").replace("\ud800", "\ufffd")
    for raw in ("<b>", "<i>", "<u>", "{title}"):
        assert raw not in page


@given(st.text(max_size=20))
def test_any_text_is_shown_whole(text):
    page = render_page([explained(text, range(len(text)))])
    shown = read(page).maps[0]
    assert len(shown) <= len(text) + text.count("\r")
    assert "<script" not in page


def test_several_texts_pairs_and_templates_on_one_page(tmp_path):
    pair = explained(
        template=[
            {"text": "很", "score": 1.0, "template": "{text}很{mask}"},
            {"text": "真", "score": 2.0, "template": "真"},
        ]
    )
    pair["text"] = {"text_a": "房间很脏，服务差", "text_b": "未读"}
    for token in pair["tokens"]:
        token["field"] = "text_a"
    pair["read"], pair["cut"] = {"text_a": 8, "text_b": 0}, True
    page = render_page([explained(), pair, pair.to_dict()], title="三条", language="zh")
    parser = read(page)
    assert parser.maps == ["房间很脏，服务差", *["房间很脏，服务差", "未读", "很", "真"] * 2]
    assert page.count('<span class="unread">未读</span>') == 2 and page.count("文本过长") == 2
    assert 'lang="zh-Hans"' in page and "模板 {text}很{mask}" in page and "<h1>三条</h1>" in page
    assert explained().to_html(tmp_path / "new" / "x.html") == (tmp_path / "new" / "x.html").read_text(
        "utf-8"
    )
    assert "There is nothing to show" in render_page([])
    with pytest.raises(ValueError, match="language='de' is not known"):
        render_page([], language="de")


def test_the_page_warns_of_a_sum_that_does_not_add_up():
    assert "take them as rough" in explained(completeness_error=0.2).to_html()
    assert "take them as rough" in explained(completeness_error=None).to_html()
    assert (
        "take them as rough" not in explained(completeness_error=0.9, method="occlusion", steps=1).to_html()
    )


# --- terminal ----------------------------------------------------------------------------------------------------


def test_marks_stand_below_their_characters():
    text, marks, legend = render_text(explained(), color=False, width=80).splitlines()
    assert text == "房间很脏，服务差"
    assert marks == "    -1-9  +3+3-6"
    assert legend.startswith(
        "target 正面, probability 0.125; +9 for, -9 against: 3 (logit); completeness error 0.12%"
    )


@given(st.text(alphabet="电网，ab 1\u0301\n\x1b😀", min_size=1, max_size=30), st.integers(4, 20))
def test_lines_keep_to_the_width_and_marks_to_their_columns(text, width):
    scores = [(-1) ** n * (n % 4) for n in range(len(text))]
    lines = render_text(explained(text, scores), color=False, width=width).splitlines()[:-1]
    assert all(text_width(line) <= width for line in lines)
    shown = [line for line in lines if not re.fullmatch(r"[ +\-1-9]*", line) or line == ""]
    assert "\x1b" not in "".join(lines)
    if not set(text) & set(" 1"):
        assert "".join(shown) == text.replace("\n", "␊").replace("\x1b", "␛")


def test_colours_only_where_a_terminal_shows_them(monkeypatch):
    class Terminal:
        def isatty(self):
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert wants_color(Terminal()) and not wants_color(object())
    monkeypatch.setenv("TERM", "dumb")
    assert not wants_color(Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wants_color(Terminal())
    assert "\x1b" not in str(explained())  # captured, so no terminal
    colored = render_text(explained(), color=True, width=80)
    assert "\x1b[48;5;33m\x1b[38;5;16m脏\x1b[0m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored).splitlines()[0] == "房间很脏，服务差"


def test_words_templates_and_pairs_in_a_terminal():
    found = explained(template=[{"text": "很", "score": -3.0}])
    lines = render_text(found, color=False, width=80, of="words").splitlines()
    assert lines[1] == "    -9" and lines[2:5] == ["，服务差"[0:0] or "template:", "很", "-8"]
    with pytest.raises(ValueError, match="of='lines' is not known"):
        render_text(found, of="lines")
