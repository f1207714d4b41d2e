"""What stands above the table: the promise numbers, the warnings, and why a list is empty."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

_SHOWN_REASONS = 8
_SMALL = 20_000  # characters below which an empty list is blamed on the size of the corpus
_THRESHOLDS = (
    "min_count",
    "max_length",
    "min_pmi",
    "min_entropy",
    "min_score",
    "top",
    "only_new",
)


def total_seconds(settings: Mapping) -> float | None:
    """Seconds of the whole run: a number under "seconds", or its "total", or the sum of its stages.

    Example:
        >>> total_seconds({"seconds": {"count": 1.5, "score": 0.5}})
        2.0
    """
    seconds = settings.get("seconds")
    if isinstance(seconds, Mapping):
        if _is_number(seconds.get("total")):
            return float(seconds["total"])
        stages = [value for value in seconds.values() if _is_number(value)]
        return float(sum(stages)) if stages else None
    return float(seconds) if _is_number(seconds) else None


def stats_html(
    found: int,
    new: int | None,
    corpus: Mapping,
    settings: Mapping,
    label: Mapping[str, str],
    rejected: Mapping[str, Mapping] | None = None,
) -> str:
    """The header numbers as list items: words found, new words, candidates rejected, characters read, seconds.

    Args:
        found: number of rows.
        new: how many of them the dictionary lacks; None, when no row says, leaves it out.
        corpus: the corpus report, plain.
        settings: the settings, plain.
        label: labels of one language.
        rejected: rule -> what it rejected; none leaves the number out.
    """
    characters, documents = corpus.get("characters"), corpus.get("documents")
    seconds = total_seconds(settings)
    items = [_stat(f"{found:,}", label["words_found"])]
    if new is not None:
        share = f"{new / found:.0%}" if found else "—"
        items.append(_stat(f"{new:,}", label["new_words"], label["not_in_dictionary"].format(n=share), "new"))
    if rejected:
        total = sum(rule["count"] for rule in rejected.values())
        note = label["by_rules"].format(n=f"{len(rejected):,}")
        items.append(_stat(f"{total:,}", label["candidates_rejected"], note))
    if _is_number(characters):
        note = label["in_documents"].format(n=f"{documents:,}") if _is_number(documents) else ""
        items.append(_stat(f"{characters:,}", label["characters_read"], note))
    if seconds is not None:
        note = ""
        if _is_number(characters) and characters and seconds > 0:
            note = label["a_second"].format(n=f"{float(f'{characters / seconds:.2g}'):,.0f}")
        items.append(_stat(f"{seconds:,.2f}" if seconds < 100 else f"{seconds:,.0f}", label["seconds"], note))
    return "".join(items)


def warnings_html(corpus: Mapping, label: Mapping[str, str]) -> str:
    """What was skipped, repaired, cut or dropped, the grave first; empty when all was plain sailing.

    Args:
        corpus: the corpus report, plain.
        label: labels of one language.
    """
    grave, notes = [], []
    skipped = corpus.get("skipped")
    reasons = dict(skipped) if isinstance(skipped, Mapping) else {}
    blank = reasons.pop("blank", 0)
    reasons = {reason: n for reason, n in reasons.items() if _is_number(n) and n}
    total = skipped if _is_number(skipped) else sum(reasons.values())
    if total:
        line = escape(label["skipped_warning"].format(n=f"{total:,}"))
        if reasons:
            common = sorted(reasons.items(), key=lambda pair: -pair[1])
            listed = [f"{n:,} × {reason}" for reason, n in common[:_SHOWN_REASONS]]
            rest = sum(n for _, n in common[_SHOWN_REASONS:])
            listed += [f"{rest:,} × {label['other']}"] if rest else []
            line += f" ({escape(', '.join(listed))})"
        grave.append(line)
    for key, name, lines in (
        ("repaired_lines", "repaired_warning", grave),
        ("split_lines", "split_note", notes),
        ("duplicates", "duplicates_note", notes),
    ):
        n = corpus.get(key)
        if _is_number(n) and n:
            lines.append(escape(label[name].format(n=f"{n:,}")))
    if _is_number(blank) and blank:
        notes.append(escape(label["blank_note"].format(n=f"{blank:,}")))
    if corpus.get("encodings") and isinstance(corpus["encodings"], Mapping):
        notes.append(escape(label["encodings_note"].format(n=f"{len(corpus['encodings']):,}")))
    html = ""
    if grave:
        items = "".join(f"<li>{line}</li>" for line in grave)
        html += f'<aside class="warning" role="note" aria-labelledby="warnings"><h2 id="warnings">{escape(label["warnings"])}</h2><ul>{items}</ul></aside>'
    if notes:
        html += f'<p class="notes">{" · ".join(notes)}</p>'
    return html


def why_empty(
    corpus: Mapping,
    settings: Mapping,
    label: Mapping[str, str],
    rejected: Mapping[str, Mapping] | None = None,
) -> str:
    """One sentence or two on why there are no rows and what to do.

    Args:
        corpus: the corpus report, plain.
        settings: the settings, plain; thresholds may lie one level down.
        label: labels of one language.
        rejected: rule -> what it rejected, the busiest first.

    Example:
        >>> from zhnlp.mining.report.labels import labels
        >>> why_empty({"characters": 90}, {"min_count": 5}, labels("en"))
        'The corpus is small (90 characters), and a candidate needs 5 occurrences. Give more text or lower min_count.'
    """
    found = _thresholds(settings)
    characters = corpus.get("characters")
    if characters == 0 or corpus.get("documents") == 0:
        return label["empty_nothing"]
    if _is_number(characters) and characters < _SMALL and "min_count" in found:
        return label["empty_little"].format(characters=f"{characters:,}", min_count=found["min_count"])
    listed = ", ".join(f"{key}={value}" for key, value in found.items())
    reason = label["empty_strict"].format(thresholds=listed or label["see_settings"])
    if rejected:
        total = sum(rule["count"] for rule in rejected.values())
        reason += " " + label["empty_rejected"].format(n=f"{total:,}", rule=next(iter(rejected)))
    return reason


def _thresholds(settings: Mapping) -> dict[str, Any]:
    found = {}
    for level in (settings, *(entry for entry in settings.values() if isinstance(entry, Mapping))):
        found.update({key: level[key] for key in _THRESHOLDS if level.get(key) is not None})
    return found


def _stat(number: str, name: str, note: str = "", kind: str = "") -> str:
    css = f' class="{kind}"' if kind else ""
    small = f"<small>{escape(note)}</small>" if note else ""
    return f"<li{css}><strong>{escape(number)}</strong><span>{escape(name)}</span>{small}</li>"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
