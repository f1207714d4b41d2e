"""Templates that come with the package, by what is to be told apart, and words for labels whose names are no good words.

Source: written for zhnlp; that templates differ by tens of points: 苏剑林, https://kexue.fm/archives/7764
"""

from __future__ import annotations

from collections.abc import Iterable

FAMILIES: dict[str, tuple[str, ...]] = {
    "sentiment": (
        "{text}。总之，很{mask}。",
        "{text}。服务很{mask}。",
        "{text}。体验很{mask}。",
        "{text}。我觉得很{mask}。",
        "很{mask}。{text}",
        "感觉很{mask}。{text}",
        "总体来说很{mask}。{text}",
        "心情很{mask}。{text}",
        "“{text}”，他说这家很{mask}。",
        "{text}，太{mask}了。",
        "{text}。评价：{mask}。",
        "{text}。一句话：{mask}。",
    ),
    "topic": (
        "下面是一则{mask}新闻。{text}",
        "{mask}新闻：{text}",
        "{text}。这是一篇关于{mask}的文章。",
        "{text}。以上内容和{mask}有关。",
        "【{mask}】{text}",
        "{mask}频道报道：{text}",
        "{text}。主题：{mask}。",
        "今天我们来谈谈{mask}。{text}",
    ),
    "intent": (
        "{text}。我想{mask}。",
        "我想{mask}。{text}",
        "{text}。请帮我{mask}。",
        "用户要{mask}：{text}",
        "{text}。这句话是要{mask}。",
        "{text}。需求：{mask}。",
    ),
    "pair": (
        "{text_a}？{mask}，{text_b}",
        "{text_a}。{mask}，{text_b}",
        "“{text_a}”，{mask}，“{text_b}”",
        "{text_a}。这么说来，{text_b}，{mask}吗？",
        "{text_a}和{text_b}，意思{mask}同。",
        "{text_a}，换句话说{mask}是{text_b}",
    ),
    "general": (
        "{text}。{mask}。",
        "{mask}。{text}",
        "{text}。这是{mask}。",
        "这是{mask}：{text}",
        "{text}。类别：{mask}。",
        "{text}。标签：{mask}。",
    ),
}
POLARITY = {  # names of labels -> words that a template can take, one of each row against the other of its row
    "positive": ("好", "喜欢", "满意", "开心"),
    "negative": ("坏", "讨厌", "失望", "难过"),
}
_POSITIVE = ("正面", "积极", "好评", "正向", "正", "褒义", "positive", "pos")
_NEGATIVE = ("负面", "消极", "差评", "负向", "负", "贬义", "negative", "neg")


def polarity_of(label: object) -> str | None:
    """The polarity that the name of a label says, "positive" or "negative"; None for other names.

    Example:
        >>> polarity_of("正面"), polarity_of("Negative"), polarity_of("体育")
        ('positive', 'negative', None)
    """
    name = str(label).strip().lower()
    return "positive" if name in _POSITIVE else "negative" if name in _NEGATIVE else None


def families_for(labels: Iterable[object], *, pairs: bool) -> tuple[str, ...]:
    """The families that fit labels of such names.

    Example:
        >>> families_for(["正面", "负面"], pairs=False), families_for(["体育", "财经"], pairs=False)
        (('sentiment',), ('topic', 'intent', 'general'))
    """
    if pairs:
        return ("pair",)
    if all(polarity_of(label) for label in labels):
        return ("sentiment",)
    return ("topic", "intent", "general")


def word_sets(labels: dict[object, list[str]]) -> dict[str, dict[object, list[str]]]:
    """Name → label → words: the words as given, and for labels named by a polarity a set for each pair of opposites.

    Example:
        >>> list(word_sets({"正面": ["正面"], "负面": ["负面"]}))
        ['given', '好/坏', '喜欢/讨厌', '满意/失望', '开心/难过']
    """
    sets = {"given": labels}
    kinds = [polarity_of(label) for label in labels]
    if sorted(map(str, kinds)) == ["negative", "positive"]:
        for words in zip(POLARITY["positive"], POLARITY["negative"]):
            by_kind = dict(zip(("positive", "negative"), words))
            sets["/".join(words)] = {label: [by_kind[kind]] for label, kind in zip(labels, kinds)}
    return sets
