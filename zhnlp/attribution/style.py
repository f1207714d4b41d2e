"""The style of the pages: readable Chinese, light and dark, nothing from elsewhere.

Red speaks for the target, blue against; nine shades each, so the policy of the page needs no inline style.
"""

from __future__ import annotations

from functools import cache

LEVELS = 9

_BASE = """\
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --card: #ffffff; --ink: #1d1c1a; --soft: #625f59; --line: #dedad2; --for: 214 58 34; --against: 38 98 217;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei",
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei", sans-serif;
  --han: "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC",
    "WenQuanYi Micro Hei", system-ui, sans-serif;
}
@media screen and (prefers-color-scheme: dark) {
  :root { --paper: #16181a; --card: #1e2124; --ink: #f0ede7; --soft: #a6a29a; --line: #363a3e; --for: 226 66 40; --against: 64 120 245; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 var(--sans); overflow-wrap: break-word; }
header, main { max-width: 60rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 1.75rem; }
main { padding-bottom: 4rem; }
h1 { margin: 0 0 .5rem; font-size: clamp(1.5rem, 4vw, 2.1rem); line-height: 1.2; font-weight: 650; }
h2 { margin: 0; font-size: 1.1rem; font-weight: 650; }
.made, .notes, figcaption, summary { color: var(--soft); font-size: .875rem; }
.made { margin: 0; }
article { margin: 1.25rem 0; padding: 1rem 1.15rem; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
.head { display: flex; flex-wrap: wrap; gap: .15rem 1rem; align-items: baseline; justify-content: space-between; }
.map { margin: .7rem 0; font: 1.1875rem/2 var(--han); line-break: strict; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; }
.map span { border-radius: .18em; padding: .18em 0; }
.map .unread { color: var(--soft); text-decoration: underline dotted; }
.field { color: var(--soft); font: .875rem/1.5 var(--sans); margin: .6rem 0 -.5rem; }
.template { font-size: 1rem; }
.wrong { color: rgb(var(--for)); }
.warning { margin: .5rem 0 0; padding: .35rem .7rem; border-left: .3rem solid #d99a1c; }
.scale { display: flex; flex-wrap: wrap; align-items: center; gap: .35rem .7rem; margin: .9rem 0 0; padding: 0; font-size: .875rem; }
.scale ol { display: flex; margin: 0; padding: 0; list-style: none; border: 1px solid var(--line); border-radius: .3rem; overflow: hidden; }
.scale li { width: 1.15rem; height: 1.15rem; }
details { margin-top: .5rem; }
summary { cursor: pointer; }
summary:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin-top: .4rem; }
th, td { padding: .2rem .9rem .2rem 0; border-bottom: 1px solid var(--line); text-align: right; font-size: .9375rem; white-space: nowrap; }
th { color: var(--soft); font-weight: 600; font-size: .8125rem; }
th.word, td.word { text-align: left; font-family: var(--han); white-space: pre-wrap; }
td.word span { border-radius: .18em; padding: .1em .2em; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 0 2.5rem; }
h3 { margin: .9rem 0 0; font-size: .9375rem; font-weight: 600; color: var(--soft); }
@media print { .map span, .scale li, td.word span { print-color-adjust: exact; } }
"""


@cache
def style() -> str:
    """The style sheet, with a class for each shade: p1 to p9 for the target, n1 to n9 against."""
    shades = []
    for number in range(1, LEVELS + 1):
        alpha = round(0.07 + 0.68 * number / LEVELS, 3)
        shades.append(f".p{number} {{ background: rgb(var(--for) / {alpha}); }}")
        shades.append(f".n{number} {{ background: rgb(var(--against) / {alpha}); }}")
    return _BASE + "\n".join(shades) + "\n"


def shade(level: int) -> str:
    """The class of a level from -9 to 9; empty for 0.

    Example:
        >>> shade(9), shade(-2), shade(0)
        ('p9', 'n2', '')
    """
    return f"{'p' if level > 0 else 'n'}{abs(level)}" if level else ""
