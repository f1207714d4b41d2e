"""Trees to look at: brackets, a drawing for the terminal, and a tree of nltk."""

from __future__ import annotations

from typing import Any

from zhnlp.metrics.trees import Tree

_LINES = ("┬─", "├─", "└─", "│ ", "  ")
_ASCII = ("+-", "+-", "`-", "| ", "  ")


def bracket_string(tree: Tree) -> str:
    """The tree in round brackets, tokens with blanks between them; brackets that are tokens as in the Penn Treebank.

    Example:
        >>> bracket_string(("我", ("爱", ("自然", "语言")))), bracket_string(("(", "一"))
        ('(我 (爱 (自然 语言)))', '(-LRB- 一)')
    """
    if isinstance(tree, str):
        return tree.replace("(", "-LRB-").replace(")", "-RRB-")
    return f"({' '.join(map(bracket_string, tree))})"


def draw_tree(tree: Tree, *, ascii_only: bool = False) -> str:
    """A token a line, the tree to its left: it is straight whatever the width of the characters.

    Example:
        >>> print(draw_tree((("今天", "天气"), ("很", "好"))))
        ┬─┬─今天
        │ └─天气
        └─┬─很
          └─好
        >>> print(draw_tree(("a", "b", "c"), ascii_only=True))
        +-a
        +-b
        `-c
    """
    return "\n".join(_lines(tree, _ASCII if ascii_only else _LINES))


def _lines(tree: Tree, signs: tuple[str, ...]) -> list[str]:
    if isinstance(tree, str):
        return [tree]
    first, middle, last, beside, below = signs
    found = []
    for number, part in enumerate(tree):
        is_last = number + 1 == len(tree)
        begin, go_on = (last if is_last else middle), (below if is_last else beside)
        if number == 0:
            begin = first
        for place, line in enumerate(_lines(part, signs)):
            found.append((go_on if place else begin) + line)
    return found


def nltk_tree(tree: Tree, label: str = "X") -> Any:
    """The same as an ``nltk.Tree``, whose nodes all have one label; a single token is under a node too.

    Raises:
        ImportError: nltk is missing.

    Example:
        >>> nltk_tree(("我", ("爱", "你"))).leaves(), print(nltk_tree(("我", ("爱", "你"))))
        (X 我 (X 爱 你))
        (['我', '爱', '你'], None)
    """
    try:
        import nltk
    except ImportError as error:
        raise ImportError('a tree of nltk needs nltk. Next: pip install "zhnlp[eval]"') from error

    def made(part: Tree) -> Any:
        return part if isinstance(part, str) else nltk.Tree(label, [made(one) for one in part])

    return nltk.Tree(label, [tree]) if isinstance(tree, str) else made(tree)
