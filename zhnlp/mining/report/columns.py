"""What the columns of the report's table are called, what they mean and how they are printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

FORMATS = ("word", "integer", "number", "flag", "text", "list", "cluster")
WORD_KEYS = ("word", "term")
HIDDEN_KEYS = ("example", "examples", "x", "y")  # shown below a row and in the map, not as columns


@dataclass(frozen=True)
class Column:
    """One column of the table.

    Args:
        key: the key of a row that holds the value.
        heading: a word or two above the column; ``heading_zh`` on a Chinese page.
        meaning: a sentence for the tooltip and the legend; ``meaning_zh`` on a Chinese page.
        unit: unit and range, such as "nats, from 0"; empty when the meaning says it.
        format: "word" (the candidate itself), "integer", "number", "flag" (true or false), "text",
            "list" (of texts) or "cluster" (the name of a group, a number or text).
        minimum: whether the page offers an "at least" filter for it.

    Raises:
        ValueError: the format is not one of the seven.

    Example:
        >>> Column("reference_count", "elsewhere", "Occurrences in the reference corpus.", format="integer").unit
        ''
    """

    key: str
    heading: str
    meaning: str = ""
    unit: str = ""
    format: str = "number"
    minimum: bool = False
    heading_zh: str = ""
    meaning_zh: str = ""
    unit_zh: str = ""

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise ValueError(
                f"column {self.key!r} has format={self.format!r}, expected one of "
                f"{', '.join(map(repr, FORMATS))}: choose the one that its values have"
            )

    def told(self, language: str) -> dict:
        """The column as the page reads it, in one language; English where the Chinese is missing."""
        chinese = language == "zh"
        return {
            "key": self.key,
            "heading": (chinese and self.heading_zh) or self.heading,
            "meaning": (chinese and self.meaning_zh) or self.meaning,
            "unit": (chinese and self.unit_zh) or self.unit,
            "format": self.format,
            "minimum": self.minimum,
        }


WORD_COLUMNS = (
    Column(
        "word",
        "word",
        "A string of symbols that hangs together inside and is free at both ends.",
        format="word",
        heading_zh="词",
        meaning_zh="内部凝固、两端自由的字串。",
    ),
    Column(
        "count",
        "count",
        "How often the string occurs in the corpus, inside longer words too.",
        "occurrences",
        format="integer",
        minimum=True,
        heading_zh="次数",
        meaning_zh="该字串在语料中出现的次数，含出现在更长的词内部的。",
        unit_zh="次",
    ),
    Column(
        "document_count",
        "documents",
        "In how many documents the string occurs: a word of one document only is often a name or a slip.",
        "documents",
        format="integer",
        heading_zh="文档数",
        meaning_zh="含该字串的文档数；只见于一篇的常是人名或笔误。",
        unit_zh="篇",
    ),
    Column(
        "score",
        "score",
        "What the list is ranked by: the higher, the surer a word. Comparable within one run only.",
        "no unit",
        minimum=True,
        heading_zh="得分",
        meaning_zh="排序所依的总分，越高越像词；只在同一次运行内可比。",
        unit_zh="无量纲",
    ),
    Column(
        "pmi",
        "cohesion",
        "Pointwise mutual information at the weakest cut: how much more often the two sides meet than by "
        "chance. A single symbol has none.",
        "nats; 0 is chance",
        heading_zh="凝固度",
        meaning_zh="在最弱的切分处的点互信息：两侧相遇比随机相遇多多少。单个符号没有。",
        unit_zh="奈特；0 为随机",
    ),
    Column(
        "left_entropy",
        "freedom left",
        "Entropy of the symbol before the string: high when many different symbols stand there.",
        "nats, from 0",
        heading_zh="左熵",
        meaning_zh="左邻符号的信息熵：左边能接的符号越多样越高。",
        unit_zh="奈特，最小为 0",
    ),
    Column(
        "right_entropy",
        "freedom right",
        "Entropy of the symbol behind the string: high when many different symbols stand there.",
        "nats, from 0",
        heading_zh="右熵",
        meaning_zh="右邻符号的信息熵：右边能接的符号越多样越高。",
        unit_zh="奈特，最小为 0",
    ),
    Column(
        "entropy_gain",
        "entropy gain",
        "By how much the corpus gets cheaper to write down when the string is one unit (minimum entropy).",
        "nats",
        heading_zh="熵增益",
        meaning_zh="把该字串当作一个单位后，语料编码省下的量（最小熵原理）。",
        unit_zh="奈特",
    ),
    Column(
        "segments",
        "segments",
        "How often the string came out as one whole piece when the corpus was cut into strong fragments.",
        "occurrences",
        format="integer",
        heading_zh="切出次数",
        meaning_zh="按强片段切分语料时，该字串恰好独立成块的次数。",
        unit_zh="次",
    ),
    Column(
        "known",
        "dictionary",
        "Whether the reference dictionary has the word already; the others are new.",
        "known or new",
        format="flag",
        heading_zh="词典",
        meaning_zh="参照词典是否已收；未收的即为新词。",
        unit_zh="已收或新词",
    ),
)


def present_columns(rows: Sequence[Mapping], columns: Iterable[Column] = WORD_COLUMNS) -> list[Column]:
    """The columns that some row has a value for, the word first, undescribed ones last.

    Args:
        rows: the rows of the table.
        columns: descriptions in the order of the table; a key that none describes gets a plain column.

    Raises:
        ValueError: there are rows, and the first has neither "word" nor "term".

    Example:
        >>> [column.key for column in present_columns([{"term": "变压器", "count": 3, "cluster": 1}])]
        ['term', 'count', 'cluster']
    """
    known = {column.key: column for column in columns}
    if not rows:
        return list(known.values())
    word_key = next((key for key in WORD_KEYS if key in rows[0]), None)
    if word_key is None:
        raise ValueError(
            f"rows[0] has the keys {sorted(map(str, rows[0]))}, expected 'word' or 'term' among them: "
            "rename the column that holds the word"
        )
    word = known.pop(word_key, None)
    if word is None or word.format != "word":
        word = Column(word_key, word_key, format="word", heading_zh="术语" if word_key == "term" else "词")
    for other in WORD_KEYS:
        if other in known and known[other].format == "word":
            del known[other]
    first_values: dict[str, object] = {}
    for row in rows:
        for key, value in row.items():
            if value is not None and key not in first_values:
                first_values[key] = value
    shown = [word] + [column for key, column in known.items() if key in first_values]
    described = {word_key, *known, *HIDDEN_KEYS}
    return shown + [_plain(key, value) for key, value in first_values.items() if key not in described]


def _plain(key: str, value: object) -> Column:
    """A column for a key that nobody described, formatted as its first value asks."""
    value = value.item() if hasattr(value, "item") else value
    kinds = {bool: "flag", int: "integer", float: "number", list: "list", tuple: "list"}
    return Column(str(key), str(key).replace("_", " "), format=kinds.get(type(value), "text"))
