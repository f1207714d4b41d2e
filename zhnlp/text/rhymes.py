"""Rhymes of Chinese characters as they are read today: the eighteen classes of 中华新韵, tones apart.

Old verse rhymed by the sounds of its time, so some of its rhymes are none here: 斜 (then -a) no longer rhymes with 家.

Reference: 教育部国语推行委员会, 《中华新韵》, 1941; readings: pypinyin, https://github.com/mozillazg/python-pinyin
"""

from __future__ import annotations

from functools import lru_cache

CLASSES: dict[str, tuple[str, ...]] = {
    "麻": ("a", "ia", "ua"),
    "波": ("o", "uo"),
    "歌": ("e",),
    "皆": ("ê", "ie", "ve"),
    "支": ("-i",),  # of zhi, chi, shi, ri, zi, ci, si
    "儿": ("er",),
    "齐": ("i",),
    "微": ("ei", "uei"),
    "开": ("ai", "uai"),
    "模": ("u",),
    "鱼": ("v",),
    "侯": ("ou", "iou"),
    "豪": ("ao", "iao"),
    "寒": ("an", "ian", "uan", "van"),
    "痕": ("en", "in", "uen", "vn"),
    "唐": ("ang", "iang", "uang"),
    "庚": ("eng", "ing", "ueng"),
    "东": ("ong", "iong"),
}
"""Name → finals in pinyin without tone; ``v`` is ü, ``-i`` the vowel of 知 and 资."""

_OF_FINAL = {final: name for name, finals in CLASSES.items() for final in finals}
_HISSING = {"zh", "ch", "sh", "r", "z", "c", "s"}


def rhyme_class(syllable: str) -> str | None:
    """The class of a syllable in pinyin without its tone, None of one without a vowel (``ng``).

    Example:
        >>> [rhyme_class(syllable) for syllable in ("hua", "xia", "shi", "xi", "xu", "lü", "liu", "ng")]
        ['麻', '麻', '支', '齐', '鱼', '鱼', '侯', None]

    Raises:
        ImportError: pypinyin is missing.
    """
    _pypinyin()
    from pypinyin.contrib.tone_convert import to_finals, to_initials

    final = to_finals(syllable, strict=True, v_to_u=False)
    if final == "i" and to_initials(syllable, strict=True) in _HISSING:
        final = "-i"
    return _OF_FINAL.get(final)


@lru_cache(maxsize=1 << 16)
def rhyme_classes(character: str, *, readings: int | None = 1) -> tuple[str, ...]:
    """The classes in which a character rhymes, that of its commonest reading first; none where it has no reading.

    Args:
        character: one character.
        readings: how many of its readings count, tones apart, in pypinyin's order, which puts common ones first: 1 for rhymes that
            every reader hears, 2 to find those of 还 (hái, huán) or 行 (xíng, háng); None for all, rare ones too.

    Raises:
        ImportError: pypinyin is missing.
        ValueError: it is no single character, or ``readings`` is below 1.

    Example:
        >>> rhyme_classes("还"), rhyme_classes("还", readings=2), rhyme_classes("，")
        (('开',), ('开', '寒'), ())
    """
    if len(character) != 1:
        raise ValueError(
            f"got {character[:20]!r} of {len(character)} characters: expected one. Next: the last of the line"
        )
    if readings is not None and (isinstance(readings, bool) or readings < 1):
        raise ValueError(f"readings={readings!r} is not possible: expected 1 or more, or None for all")
    pypinyin = _pypinyin()
    found = pypinyin.pinyin(character, style=pypinyin.Style.NORMAL, heteronym=True, errors="ignore")
    classes = [rhyme_class(syllable) for syllable in (found[0] if found else [])[:readings]]
    return tuple(dict.fromkeys(name for name in classes if name is not None))


def _pypinyin():
    try:
        import pypinyin
    except ImportError as error:
        raise ImportError('rhymes need the readings of pypinyin. Next: pip install "zhnlp[poems]"') from error
    return pypinyin
