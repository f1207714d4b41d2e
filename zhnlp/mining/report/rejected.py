"""The candidates that rules rejected: how many each rule took, and some of them."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

SHOWN = 20  # examples of a rule on the page


def rejected_rules(settings: Mapping) -> dict[str, dict[str, Any]]:
    """What each rule rejected, the busiest first, from the "rejected" of plain settings; empty if there is none.

    Args:
        settings: may hold "rejected": rule -> {"count": candidates it rejected, "examples": some of them}.

    Example:
        >>> rejected_rules({"rejected": {"numeral": {"count": 1, "examples": ["三月"]}, "ending": {"count": 7}}})
        {'ending': {'count': 7, 'examples': []}, 'numeral': {'count': 1, 'examples': ['三月']}}
    """
    given = settings.get("rejected")
    if not isinstance(given, Mapping) or not all(_is_rule(entry) for entry in given.values()):
        return {}
    rules = {
        rule: {"count": entry["count"], "examples": list(entry.get("examples") or ())}
        for rule, entry in given.items()
    }
    return dict(sorted(rules.items(), key=lambda pair: (-pair[1]["count"], pair[0])))


def rejected_html(rules: Mapping[str, Mapping], label: Mapping[str, str]) -> str:
    """The section of the page with one line a rule; empty if there is no rule.

    Args:
        rules: what `rejected_rules` returns.
        label: labels of one language.
    """
    if not rules:
        return ""
    total = sum(entry["count"] for entry in rules.values())
    head = "".join(
        f'<th scope="col">{escape(label[key])}</th>' for key in ("rule", "candidates", "share", "examples")
    )
    body = "".join(_line(rule, entry, total) for rule, entry in rules.items())
    return (
        '<section id="rejected" class="report" aria-labelledby="rejected-heading">'
        f'<h2 id="rejected-heading">{escape(label["rejected"])}</h2><p class="notes">{escape(label["rejected_note"])}</p>'
        f'<div class="scroll rules" tabindex="0" role="region" aria-labelledby="rejected-heading">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></section>"
    )


def _line(rule: str, entry: Mapping, total: int) -> str:
    shown = [f'<bdi lang="zh-Hans">{escape(str(word))}</bdi>' for word in entry["examples"][:SHOWN]]
    share = f"{entry['count'] / total:.1%}" if total else "—"
    return (
        f'<tr><th scope="row">{escape(rule)}</th><td class="number">{entry["count"]:,}</td>'
        f'<td class="number">{share}</td><td class="words">{" ".join(shown) or "—"}</td></tr>'
    )


def _is_rule(entry: Any) -> bool:
    return isinstance(entry, Mapping) and type(entry.get("count")) is int
