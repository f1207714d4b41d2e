"""The words of a text and what they may be to a keyword: jieba's dictionary, its tags, and a list of function words."""

from __future__ import annotations

from enum import IntEnum
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np

from zhnlp.mining.reference import jieba_dictionary
from zhnlp.mining.segmentation.units import BLANK, RUN, SINGLE, unit_kinds
from zhnlp.mining.segmentation.weights import fold
from zhnlp.mining.segmenter import Segmenter
from zhnlp.text.characters import is_han


class Kind(IntEnum):
    """What a word can be in a phrase."""

    BREAK = 0  # punctuation and function words: never in a keyword
    JOINER = 1  # - and · between two words
    NOUN = 2
    NAME = 3  # of a place, a person or a body
    VERB = 4
    VERBAL_NOUN = 5
    ADJECTIVE = 6
    ADVERB = 7
    TIME_OR_PLACE = 8  # 冬季, 上, 中
    NUMBER = 9  # 三, 第一, 个, 120
    RUN = 10  # GPT-4o, SiO2
    UNKNOWN = 11  # a character or word without a tag
    OTHER = 12


_TAGS = {
    "n": Kind.NOUN,
    "nz": Kind.NOUN,
    "ng": Kind.NOUN,
    "l": Kind.NOUN,
    "j": Kind.NOUN,
    "i": Kind.OTHER,
    "an": Kind.NOUN,
    "v": Kind.VERB,
    "vg": Kind.VERB,
    "vd": Kind.VERB,
    "vi": Kind.VERB,
    "vn": Kind.VERBAL_NOUN,
    "a": Kind.ADJECTIVE,
    "ad": Kind.ADJECTIVE,
    "ag": Kind.ADJECTIVE,
    "b": Kind.ADJECTIVE,
    "z": Kind.ADJECTIVE,
    "d": Kind.ADVERB,
    "dg": Kind.ADVERB,
    "t": Kind.TIME_OR_PLACE,
    "tg": Kind.TIME_OR_PLACE,
    "f": Kind.TIME_OR_PLACE,
    "s": Kind.TIME_OR_PLACE,
    "m": Kind.NUMBER,
    "mq": Kind.NUMBER,
    "mg": Kind.NUMBER,
    "q": Kind.NUMBER,
    "x": Kind.UNKNOWN,
    "eng": Kind.RUN,
    "g": Kind.NOUN,
    "vq": Kind.VERB,
    "nrt": Kind.NAME,
    "nrfg": Kind.NAME,
}
_FIRST = {"n": Kind.NAME, "r": Kind.BREAK, "p": Kind.BREAK, "c": Kind.BREAK, "u": Kind.BREAK, "y": Kind.BREAK}
_FIRST |= {"e": Kind.BREAK, "o": Kind.BREAK}

# Words that no term contains, whatever the dictionary calls them: particles, pronouns, conjunctions, auxiliaries, and
# the verbs with which a text speaks of itself.
_FUNCTION_WORDS = (
    "的 了 在 是 和 与 及 或 对 等 被 把 将 其 该 此 这 那 并 且 但 而 也 都 则 所 之 从 为 以 于 由 到 就 又 还 它 他 她 我 你 "
    "们 我们 你们 他们 它们 她们 自己 本文 笔者 作者 文章 文中 以及 通过 因此 如果 由于 因为 所以 但是 然而 并且 而且 或者 及其 "
    "其中 其它 其他 还是 对于 关于 根据 按照 为了 随着 有 没有 具有 可以 可能 能够 能 会 应 应该 应当 必须 需要 需 要 使 使得 让 "
    "认为 表明 进行 成为 作为 称为 均 仅 已 已经 正在 曾 很 较 最 更 越 不仅 只 只有 才 却 仍 再 着 过 地 得 吗 呢 吧 啊 个 这个 "
    "那个 这种 这些 那些 一种 一个 一些 种 各种 各 每 某 几 何 什么 如何 怎样 怎么 为什么 如 若 即 例如 比如 是否 不 未 无法 用 "
    "采用 提出 提出了 基于 探讨 阐述 论述 介绍 指出 据 记者 说 称 表示 来说 来看 方面 时候 目前 今天 昨天 当前 日前 近日 来 去 "
    "起来 出来 下来 回来 过来 上来 进来 下去 出去 进去 上去 回去 过去 "
    "a an and are as at be by for from in is it of on or that the this to was we were which with"
)
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
CUES = frozenset(
    ("基于", "利用", "采用", "应用", "运用", "针对", "提出", "提出了", "研究", "探讨", "介绍", "关于")
)
OPENING = frozenset("\"'“‘「『《〈<【[")
_UNITS = "年月日号时点分秒元岁"  # of dates and times: 29日 is a number
ENDING = frozenset("。.!?;")
_JOINING = frozenset("-·—‐–•")


@cache
def dictionary() -> tuple[Segmenter, dict[str, int]]:
    """A segmenter over jieba's dictionary, and the kind of each of its words by its tag; read once."""
    kinds: dict[str, int] = {}
    counts: dict[str, float] = {}
    for line in jieba_dictionary().read_text(encoding="utf-8").splitlines():
        word, count, tag = line.split(" ")
        counts[word] = float(count)
        kinds[word] = int(_TAGS.get(tag) or _FIRST.get(tag[0], Kind.OTHER))  # numpy is slow with enums
    kinds |= dict.fromkeys(FUNCTION_WORDS, int(Kind.BREAK))
    kinds |= dict.fromkeys(_UNITS, int(Kind.NUMBER))
    return Segmenter.from_counts(counts), kinds


class Words(NamedTuple):
    """The N words of a text in order, blanks left out."""

    texts: list[str]  # width folded, case kept
    keys: list[str]  # the same in small letters: what is counted as one word
    starts: list[int]  # in the text as given
    ends: list[int]
    kinds: np.ndarray  # (N,) uint8, see Kind
    joined: np.ndarray  # (N,) bool: the word before may stand in one phrase with this one


def split_words(text: str) -> Words:
    """Cut a text into words and say what each is.

    Example:
        >>> words = split_words("采用 Lyapunov 函数，分析ＳＡＲ成像")
        >>> words.texts
        ['采用', 'Lyapunov', '函数', ',', '分析', 'SAR', '成像']
        >>> [Kind(kind).name for kind in words.kinds[:4]], words.joined.tolist()[:4]
        (['BREAK', 'RUN', 'NOUN', 'BREAK'], [False, True, True, True])
    """
    segmenter, known = dictionary()
    begins, stops = segmenter.spans(text)
    starts, ends = begins.tolist(), stops.tolist()
    folded = fold(text)
    texts = [folded[start:end] for start, end in zip(starts, ends)]
    lowered = folded.lower()
    keys = [lowered[start:end] for start, end in zip(starts, ends)] if len(lowered) == len(folded) else None
    keys = keys or [word.lower() for word in texts]
    kinds = np.array([known[key] if key in known else _kind_of(key) for key in keys], np.uint8)
    joined = np.zeros(len(starts), bool)
    joined[1:] = begins[1:] == stops[:-1]
    runs = kinds == Kind.RUN
    for at in np.flatnonzero(~joined[1:] & (runs[1:] | runs[:-1]) & (begins[1:] - stops[:-1] == 1)).tolist():
        joined[at + 1] = text[ends[at]] in " \u3000"  # Java 虚拟机
    return Words(texts, keys, starts, ends, kinds, joined)


@lru_cache(1 << 14)
def _kind_of(word: str) -> int:
    return int(kind_of(word))


def kind_of(word: str) -> Kind:
    """The kind of a word that is not in the dictionary, by its first character.

    Example:
        >>> [kind_of(word).name for word in ("GPT-4o", "120", "鼐", "。", "·")]
        ['RUN', 'NUMBER', 'UNKNOWN', 'BREAK', 'JOINER']
    """
    if word in FUNCTION_WORDS:
        return Kind.BREAK
    kind = unit_kinds()[ord(word[0])]
    if kind == RUN:
        return Kind.RUN if any(map(str.isalpha, word)) else Kind.NUMBER
    if is_han(word[0]) or (kind == SINGLE and word[0].isalpha()):
        return Kind.UNKNOWN
    return Kind.JOINER if word[0] in _JOINING and kind != BLANK else Kind.BREAK
