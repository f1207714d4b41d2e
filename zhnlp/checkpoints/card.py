"""The card of a model: README.md with a YAML head, as the Hub has it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

REQUIRED = ("task", "licence", "data", "tokens", "seconds", "hardware", "seed", "scores", "limits")


class Card(NamedTuple):
    """A card: the fields of its YAML head, and its prose."""

    fields: dict[str, Any]
    text: str


def read_card(path: str | Path) -> Card:
    """Read a card; ``path`` is README.md or the folder that holds it. A card without a head has no fields.

    Raises:
        FileNotFoundError: no card there.
        ValueError: the head is no YAML mapping.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "README.md").write_text("---\\ntask: fill-mask\\nseed: 7\\n---\\n# A model\\n")
        ...     read_card(folder).fields
        {'task': 'fill-mask', 'seed': 7}
    """
    import yaml

    path = Path(path)
    if path.is_dir():
        path = path / "README.md"
    text = path.read_text(encoding="utf-8")
    if not text.startswith("---\n"):
        return Card({}, text)
    head, end, body = text[4:].partition("\n---\n")
    try:
        fields = yaml.safe_load(head) if end else None
    except yaml.YAMLError as error:
        raise ValueError(
            f"{path} has a head that is no YAML: {error}. Next: mend the lines between ---"
        ) from None
    if not isinstance(fields, dict):
        raise ValueError(
            f"{path} has no YAML mapping as its head: expected name: value lines between two lines of ---"
        )
    return Card(fields, body.lstrip("\n"))


def write_card(folder: str | Path, fields: Mapping[str, Any], text: str) -> Path:
    """Write ``folder``/README.md with a YAML head and prose, and return its path.

    Args:
        fields: at least task, licence, data, tokens (read in training), seconds, hardware, seed, scores (name -> number or
            text), limits.
        text: Markdown, beginning with the title.

    Raises:
        ValueError: a field is missing.

    Example:
        >>> import tempfile
        >>> fields = dict(task="fill-mask", licence="CC BY 4.0", data="poems", tokens=9, seconds=1.5, hardware="1 core")
        >>> fields.update(seed=0, scores={"accuracy": 0.5}, limits="a toy")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     read_card(write_card(folder, fields, "# A toy")).fields["scores"]
        {'accuracy': 0.5}
    """
    import yaml

    from zhnlp.text.files import write_whole

    missing = [name for name in REQUIRED if name not in fields]
    if missing:
        raise ValueError(
            f"the card has no {', '.join(missing)}: expected {', '.join(REQUIRED)}. Next: say it, or say that it is unknown"
        )
    head = yaml.safe_dump(dict(fields), allow_unicode=True, sort_keys=False, width=110)
    path = Path(folder) / "README.md"
    write_whole(path, f"---\n{head}---\n\n{text.strip()}\n")
    return path
