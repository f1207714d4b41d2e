"""A page of questions with their passages: the evidence marked where it stands, with scores and votes; no script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from zhnlp.attribution.page import frame, safe, shaded
from zhnlp.attribution.style import LEVELS, shade

_LABELS = {  # key: (English, Chinese)
    "title": ("Answers and their evidence", "答案与依据"),
    "questions": ("questions: {n}", "问题：{n} 个"),
    "none": ("no answer found", "未找到答案"),
    "score": ("score {score}", "得分 {score}"),
    "absent": ("chance of no answer {chance}", "无答案的概率 {chance}"),
    "passage": ("Passage {n}", "段落 {n}"),
    "without": ("passages without evidence: {n}", "没有依据的段落：{n} 个"),
    "blank": ("(blank)", "（空）"),
    "votes": ("Votes", "投票"),
    "answer": ("answer", "答案"),
    "vote": ("vote", "得分"),
    "places": ("passage: score", "段落：得分"),
    "legend": (
        "bold: the answer; the deeper the shade, the higher the score of a place (0 to 1)",
        "粗体为最终答案；颜色越深，该处得分越高（0 到 1）",
    ),
    "empty": ("There is nothing to show.", "没有可显示的内容。"),
}


def render_page(rows: Iterable[Mapping[str, Any]], *, title: str | None = None, language: str = "en") -> str:
    """The text of a page that needs no other file.

    Places of all candidates are marked, those of better ones first; a place that shares a character with a better one is only in
    the table of votes.

    Args:
        rows: each ``question``, its ``passages`` (texts) and ``found``, what `PassageReader.answer` gave.
        title: heading; None for that of the language.
        language: "en" or "zh".

    Raises:
        ValueError: the language is not known.

    Example:
        >>> place = {"passage": 0, "start": 3, "end": 6, "score": 0.8}
        >>> found = {"answer": "曹雪芹", **place, "no_answer": 0.1, "candidates": [{"answer": "曹雪芹", **place, "support": [place]}]}
        >>> page = render_page([{"question": "谁写的？", "passages": ["<b>曹雪芹写的"], "found": found}])
        >>> "&lt;b&gt;<strong>" in page, "<b>" in page, "<script" in page
        (True, False, False)
    """
    if language not in ("en", "zh"):
        raise ValueError(f"language={language!r} is not known: expected 'en' or 'zh'")
    label = {key: texts[language == "zh"] for key, texts in _LABELS.items()}
    articles = [_article(row, number, label) for number, row in enumerate(rows, 1)]
    legend = f'<p class="notes">{escape(label["legend"])}</p>'
    return frame(
        title or label["title"],
        "\n".join(articles) or f"<p>{label['empty']}</p>",
        language,
        label["questions"].format(n=f"{len(articles):,}"),
        legend=legend,
    )


def marked(text: str, places: Sequence[Mapping[str, Any]]) -> str:
    """A passage as HTML with its places shaded by their scores, ``best`` ones in bold.

    Args:
        places: ``{"start", "end", "score", "best"}``, the most important first; of those that overlap the first is shown.

    Example:
        >>> print(marked("他是<曹雪芹>", [{"start": 3, "end": 6, "score": 1.0, "best": True}]))
        他是&lt;<strong><span class="p9" title="1.000">曹雪芹</span></strong>&gt;
    """
    shown: list[Mapping[str, Any]] = []
    for place in places:
        if all(place["end"] <= other["start"] or other["end"] <= place["start"] for other in shown):
            shown.append(place)
    parts, done = [], 0
    for place in sorted(shown, key=lambda one: one["start"]):
        level = min(LEVELS, max(1, round(LEVELS * place["score"])))
        piece = shaded(text[place["start"] : place["end"]], level, f"{place['score']:.3f}")
        parts += [safe(text[done : place["start"]]), f"<strong>{piece}</strong>" if place["best"] else piece]
        done = place["end"]
    return "".join([*parts, safe(text[done:])])


def _article(row: Mapping[str, Any], number: int, label: Mapping[str, str]) -> str:
    found, passages = row["found"], row["passages"]
    places: dict[int, list[dict[str, Any]]] = {}
    for candidate in found["candidates"]:
        for place in candidate["support"]:
            best = bool(found["answer"]) and candidate["answer"] == found["answer"]
            places.setdefault(place["passage"], []).append({**place, "best": best})
    lines = [f'<article aria-labelledby="question-{number}">', _head(row["question"], found, number, label)]
    for place in sorted(places, key=lambda passage: not any(one["best"] for one in places[passage])):
        lines += [
            f'<p class="field">{escape(label["passage"].format(n=place))}</p>',
            f'<p class="map" lang="zh-Hans">{marked(passages[place], places[place])}</p>',
        ]
    if rest := [place for place in range(len(passages)) if place not in places]:
        shown = "".join(
            f'<p class="field">{escape(label["passage"].format(n=place))}</p>'
            f'<p class="map" lang="zh-Hans">{safe(passages[place]) or label["blank"]}</p>'
            for place in rest
        )
        summary = escape(label["without"].format(n=f"{len(rest):,}"))
        lines.append(f"<details><summary>{summary}</summary>{shown}</details>")
    lines += [_votes(found["candidates"], label), "</article>"]
    return "\n".join(line for line in lines if line)


def _head(question: str, found: Mapping[str, Any], number: int, label: Mapping[str, str]) -> str:
    if found["answer"]:
        answer = f"<strong>{safe(found['answer'])}</strong>"
        said = [label["score"].format(score=f"{found['score']:.3f}")]
    else:
        answer, said = f'<span class="wrong">{escape(label["none"])}</span>', []
    said.append(label["absent"].format(chance=f"{found['no_answer']:.3f}"))
    return (
        f'<div class="head"><h2 id="question-{number}">{number}. {safe(question)}</h2>'
        f'<span class="notes">{escape(" · ".join(said))}</span></div>\n<p class="map">{answer}</p>'
    )


def _votes(candidates: Sequence[Mapping[str, Any]], label: Mapping[str, str]) -> str:
    if not candidates:
        return ""
    rows = []
    for one in candidates:
        level = min(LEVELS, max(1, round(LEVELS * min(1.0, one["score"]))))
        support = " · ".join(f"{place['passage']}: {place['score']:.3f}" for place in one["support"])
        rows.append(
            f'<tr><td class="word"><span class="{shade(level)}">{safe(one["answer"])}</span></td>'
            f'<td>{one["score"]:.3f}</td><td class="word">{support}</td></tr>'
        )
    head = (
        f'<tr><th class="word" scope="col">{label["answer"]}</th><th scope="col">{label["vote"]}</th>'
        f'<th class="word" scope="col">{label["places"]}</th></tr>'
    )
    return (
        f'<details open><summary>{label["votes"]}</summary><div class="scroll"><table><thead>{head}</thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div></details>"
    )
