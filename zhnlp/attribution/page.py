"""Heat maps of one or several texts as one self-contained HTML page: no script, nothing from elsewhere."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from html import escape
from typing import Any

from zhnlp.attribution.explanation import Explanation
from zhnlp.attribution.page_labels import labels
from zhnlp.attribution.style import LEVELS, shade, style
from zhnlp.attribution.terminal import level
from zhnlp.mining.report.escape import clean_text

_PAGE = """\
<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>{title}</h1>
<p class="made">{made}</p>
{legend}
</header>
<main>
{body}
</main>
</body>
</html>
"""
_CONTROLS = {code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n\r"}
ROUGH = 0.01  # completeness error above which the page warns


def render_page(
    explanations: Iterable[Mapping[str, Any]], *, title: str | None = None, language: str = "en"
) -> str:
    """The heat maps of explanations, in their order, as the text of a page.

    Args:
        explanations: what `zhnlp.attribution.explain` and ``pipeline("explain")`` give.
        title: heading; None for that of the language.
        language: "en" or "zh".

    Raises:
        ValueError: the language is not known.

    Example:
        >>> from zhnlp.attribution import Explanation
        >>> token = {"text": "<b>", "start": 0, "end": 3, "score": 1.0}
        >>> found = Explanation(text="<b>", tokens=[token], words=[token], template=[], target="好", completeness_error=0.0)
        >>> "&lt;b&gt;" in render_page([found]), "<b>" in render_page([found])
        (True, False)
    """
    label, explanations = labels(language), [Explanation(found) for found in explanations]
    articles = "\n".join(_article(found, number, label) for number, found in enumerate(explanations, 1))
    return frame(
        title or label["title"],
        articles or f"<p>{label['empty']}</p>",
        language,
        label["texts"].format(n=len(explanations)),
    )


def frame(
    title: str, body: str, language: str, note: str, shades: str = "strongest", legend: str | None = None
) -> str:
    """A whole page around ``body``, which is HTML.

    Args:
        title, note: text.
        shades: the label that says what the deepest shade is.
        legend: HTML in place of the scale from against to for.
    """
    from zhnlp import __version__

    label = labels(language)
    digest = b64encode(sha256(style().encode()).digest()).decode()
    made = f"{label['made'].format(version=__version__)} · {note}"
    return _PAGE.format(
        lang="zh-Hans" if language == "zh" else "en",
        digest=digest,
        title=safe(title),
        style=style(),
        made=escape(made),
        legend=_legend(label, shades) if legend is None else legend,
        body=body,
    )


def shaded(text: str, share: int, hint: str = "") -> str:
    """A piece of text with the background of its level, and a tooltip.

    Example:
        >>> shaded("脏", -9, "-1.2")
        '<span class="n9" title="-1.2">脏</span>'
    """
    shown = safe(text)
    told = f' title="{safe(hint)}"' if hint else ""
    chosen = f' class="{shade(share)}"' if share else ""
    return f"<span{chosen}{told}>{shown}</span>" if chosen or told else shown


def safe(text: str) -> str:
    """Text as HTML: escaped, and pictures for what a page cannot hold.

    Example:
        >>> safe("a<b\\0")
        'a&lt;b␀'
    """
    return escape(clean_text(text).translate(_CONTROLS))


def number(value: float) -> str:
    """A score with its sign and three figures, and a real minus.

    Example:
        >>> number(0.01234), number(-12.3)
        ('+0.0123', '−12.3')
    """
    return f"{value:+.3g}".replace("-", "−")


def _article(found: Explanation, place: int, label: Mapping[str, str]) -> str:
    parts = (*found["tokens"], *found["template"])
    strongest = max((abs(part["score"]) for part in parts), default=0.0)
    texts = found.texts
    lines = [f'<article aria-labelledby="text-{place}">', _head(found, place, label)]
    for field, text in texts.items():
        if len(texts) > 1:
            lines.append(f'<p class="field">{safe(field)}</p>')
        read = found.get("read", len(text))
        read = read[field] if isinstance(read, Mapping) else read
        lines.append(
            f'<p class="map" lang="zh-Hans">{"".join(_pieces(text, found.parts(field), strongest, read))}</p>'
        )
    for name, parts in found.templates.items():
        pieces = "".join(
            shaded(part["text"], level(part["score"], strongest), number(part["score"])) for part in parts
        )
        heading = safe(f"{label['template']} {name}".strip())
        lines.append(f'<p class="field">{heading}</p><p class="map template" lang="zh-Hans">{pieces}</p>')
    lines += [_notes(found, label), _words(found["words"], label), "</article>"]
    return "\n".join(line for line in lines if line)


def _head(found: Mapping[str, Any], place: int, label: Mapping[str, str]) -> str:
    chance, prediction = found.get("probability"), found.get("prediction", found["target"])
    said = [] if chance is None else [label["probability"].format(p=f"{chance:.3f}")]
    line = escape(" · ".join(said))
    if prediction != found["target"]:
        other = safe(label["prediction"].format(label=prediction))
        line += f'{" · " if said else ""}<span class="wrong">{other}</span>'
    target = safe(f"{label['target']} {found['target']}")
    return f'<div class="head"><h2 id="text-{place}">{place}. {target}</h2><span class="notes">{line}</span></div>'


def _pieces(text: str, tokens: Sequence[Mapping[str, Any]], strongest: float, read: int) -> Iterator[str]:
    done = 0
    for token in tokens:
        yield safe(text[done : token["start"]])
        hint = f"{token['text']} {number(token['score'])}"
        yield shaded(text[token["start"] : token["end"]], level(token["score"], strongest), hint)
        done = token["end"]
    if done < read:
        yield safe(text[done:read])
    if rest := text[max(done, read) :]:
        yield f'<span class="unread">{safe(rest)}</span>'


def _notes(found: Explanation, label: Mapping[str, str]) -> str:
    said, error = [], found["completeness_error"]
    if "value" in found:
        unit = label["probability_unit"] if found["output"] == "probability" else label["logit"]
        said.append(
            label["value"].format(
                output=unit, value=number(found["value"]), baseline=number(found["baseline_value"])
            )
        )
        said.append(f"{found['method']}, {found['baseline']}")
    if found.get("steps", 1) > 1:
        said.append(label["points"].format(n=found["steps"]))
    if found.get("method") != "gradient":
        said.append(label["error"].format(error=label["undefined"] if error is None else f"{error:.2%}"))
    lines = [f'<p class="notes">{escape(" · ".join(said))}</p>']
    path = found.get("method", "integrated-gradients") == "integrated-gradients"
    if path and (error is None or error > ROUGH):
        lines.append(f'<p class="warning">{label["rough"]}</p>')
    if found.get("cut"):
        texts = found.texts.values()
        read = sum(found["read"].values()) if isinstance(found["read"], Mapping) else found["read"]
        said = label["cut"].format(read=f"{read:,}", all=f"{sum(map(len, texts)):,}")
        lines.append(f'<p class="warning">{said}</p>')
    return "\n".join(lines)


def _words(words: Sequence[Mapping[str, Any]], label: Mapping[str, str]) -> str:
    if not words:
        return ""
    rows = sorted(words, key=lambda word: -word["score"])
    strongest = max(abs(word["score"]) for word in words)
    cells = "".join(
        f'<tr><td class="word">{shaded(word["text"], level(word["score"], strongest))}</td><td>{number(word["score"])}</td></tr>'
        for word in rows
    )
    head = f'<tr><th class="word" scope="col">{label["word"]}</th><th scope="col">{label["score"]}</th></tr>'
    return (
        f'<details><summary>{label["words"]}</summary><div class="scroll"><table><thead>{head}</thead>'
        f"<tbody>{cells}</tbody></table></div></details>"
    )


def _legend(label: Mapping[str, str], strongest: str) -> str:
    shades = [*range(-LEVELS, 0), *range(1, LEVELS + 1)]
    items = "".join(f'<li class="{shade(one)}"></li>' for one in shades)
    return (
        f'<div class="scale"><span>{label["against"]}</span><ol aria-hidden="true">{items}</ol><span>{label["for"]}</span>'
        f'<span class="notes">{label[strongest]}</span></div>'
    )
