"""The heat map in a terminal: colours where it shows them, a line of marks below each line of text elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from zhnlp.attribution.display_width import char_width, text_width, visible_text

if TYPE_CHECKING:
    from zhnlp.attribution.explanation import Explanation

LEVELS = 9
_FOR = (255, 224, 224, 217, 217, 210, 210, 203, 203, 196)  # backgrounds of the 256 colours, level 0 to 9
_AGAINST = (255, 189, 189, 153, 153, 117, 117, 75, 75, 33)
_BLACK, _RESET = "\x1b[38;5;16m", "\x1b[0m"


def render_text(
    found: Explanation, *, color: bool | None = None, width: int | None = None, of: str = "tokens"
) -> str:
    """An explanation as lines for a terminal.

    Without colours each token has its share of the strongest one below it: ``+9`` speaks for the target as strongly as any,
    ``-3`` speaks against it a third as strongly, nothing is near 0; below a token of one column only the sign has room.

    Args:
        found: an `Explanation`.
        color: None for what `wants_color` says.
        width: columns; None for those of the terminal, 80 where there is none.
        of: "tokens" or "words".

    Raises:
        ValueError: ``of`` is neither.

    Example:
        >>> from zhnlp.attribution import Explanation
        >>> tokens = [{"text": t, "start": n, "end": n + 1, "score": s} for n, (t, s) in enumerate(zip("很脏5G", (-1, -3, 2, 0.1)))]
        >>> found = Explanation(text="很脏5G", tokens=tokens, words=tokens, template=[], target="好", completeness_error=0.0001)
        >>> print(render_text(found, color=False, width=40).splitlines()[1])
        -3-9+
    """
    if of not in ("tokens", "words"):
        raise ValueError(f"of={of!r} is not known: expected 'tokens' or 'words'")
    color = wants_color() if color is None else color
    width = width or shutil.get_terminal_size((80, 24)).columns
    strongest = max((abs(part["score"]) for part in (*found[of], *found["template"])), default=0.0)
    lines = []
    for field, text in found.texts.items():
        if len(found.texts) > 1:
            lines.append(f"{field}:")
        lines += heat_lines(text, found.parts(field, of), strongest, color=color, width=width)
    for name, parts in found.templates.items():
        cells = [(part["text"], level(part["score"], strongest)) for part in parts]
        lines += [
            f"template {visible_text(name)}".rstrip() + ":",
            *(_colored if color else _marked)(cells, width),
        ]
    return "\n".join([*lines, *_legend(found, strongest, color)])


def heat_lines(
    text: str, parts: Iterable[Mapping[str, Any]], strongest: float, *, color: bool, width: int
) -> list[str]:
    """A text in lines of at most ``width`` columns, shaded by the scores of its parts or with marks below.

    Args:
        parts: ``start``, ``end`` and ``score``, in order.
        strongest: the score of the deepest shade.

    Example:
        >>> heat_lines("很脏", [{"start": 1, "end": 2, "score": 3.0}], 3.0, color=False, width=9)
        ['很脏', '  +9']
    """
    cells = list(_cells(text, parts, strongest))
    return _colored(cells, width) if color else _marked(cells, width)


def wants_color(stream: Any = None) -> bool:
    """Whether ``stream`` (standard output) is a terminal that shows colours and NO_COLOR is not set."""
    stream = sys.stdout if stream is None else stream
    terminal = bool(getattr(stream, "isatty", lambda: False)())
    return terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def level(score: float, strongest: float) -> int:
    """The share of the strongest score in ninths, -9 to 9.

    Example:
        >>> level(-1.0, 3.0), level(0.1, 3.0), level(0.0, 0.0)
        (-3, 0, 0)
    """
    return round(LEVELS * score / strongest) if strongest else 0


def _cells(text: str, parts: Iterable[Mapping[str, Any]], strongest: float) -> Iterator[tuple[str, int]]:
    """Pieces of the text with their level, all of it; what has no score has level 0."""
    done = 0
    for part in parts:
        if part["start"] > done:
            yield text[done : part["start"]], 0
        yield text[part["start"] : part["end"]], level(part["score"], strongest)
        done = part["end"]
    if done < len(text):
        yield text[done:], 0


def _lines(cells: list[tuple[str, int]], width: int) -> Iterator[list[tuple[str, int]]]:
    """Cells broken into lines of at most ``width`` columns."""
    line: list[tuple[str, int]] = []
    used = 0
    for text, share in cells:
        piece = ""
        for character in visible_text(text):
            if used + char_width(character) > width and used:
                if piece:
                    line.append((piece, share))
                yield line
                line, used, piece = [], 0, ""
            piece += character
            used += char_width(character)
        if piece:
            line.append((piece, share))
    if line:
        yield line


def _marked(cells: list[tuple[str, int]], width: int) -> list[str]:
    lines = []
    for line in _lines(cells, width):
        lines.append("".join(text for text, _ in line))
        marks = "".join(_mark(text, share) for text, share in line).rstrip()
        if marks:
            lines.append(marks)
    return lines


def _mark(text: str, share: int) -> str:
    columns = text_width(text)
    mark = "" if share == 0 else f"{share:+d}"[:columns]
    return mark.ljust(columns)


def _colored(cells: list[tuple[str, int]], width: int) -> list[str]:
    return ["".join(_paint(text, share) for text, share in line) for line in _lines(cells, width)]


def _paint(text: str, share: int) -> str:
    if share == 0:
        return text
    shade = (_FOR if share > 0 else _AGAINST)[abs(share)]
    return f"\x1b[48;5;{shade}m{_BLACK}{text}{_RESET}"


def _legend(found: Mapping[str, Any], strongest: float, color: bool) -> list[str]:
    target, unit = visible_text(str(found["target"])), found.get("output", "logit")
    chance, error = found.get("probability"), found["completeness_error"]
    label = f"target {target}" + ("" if chance is None else f", probability {chance:.3f}")
    if color:
        scale = f"{_paint(' for ', 9)} {_paint(' against ', -9)} strongest {strongest:.3g} ({unit})"
    else:
        scale = f"+9 for, -9 against: {strongest:.3g} ({unit})"
    if found.get("method") == "gradient":
        return [f"{label}; {scale}"]
    sum_of = "not defined" if error is None else f"{error:.2%}"
    points = f" ({found['steps']} points)" if found.get("steps", 1) > 1 else ""
    return [f"{label}; {scale}; completeness error {sum_of}{points}"]
