"""What the pages say, in English and in Chinese."""

from __future__ import annotations

LANGUAGES = ("en", "zh")

_LABELS = {  # key: (English, Chinese)
    "title": ("Why the classifier decided so", "分类器为何如此判断"),
    "made": ("Made with zhnlp {version}", "由 zhnlp {version} 生成"),
    "texts": ("texts: {n}", "文本：{n} 条"),
    "for": ("for the target", "支持该标签"),
    "against": ("against it", "反对该标签"),
    "strongest": (
        "the deepest shade of a text is its strongest token",
        "每条文本中最深的颜色对应其得分绝对值最大的词元",
    ),
    "strongest_word": (
        "the deepest shade of a list is its strongest word",
        "每个列表中最深的颜色对应其得分绝对值最大的词",
    ),
    "target": ("target", "标签"),
    "probability": ("probability {p}", "概率 {p}"),
    "prediction": ("the classifier chooses {label}", "分类器的判断是 {label}"),
    "value": ("{output} {value}, of the baseline {baseline}", "{output} {value}，基线 {baseline}"),
    "error": ("completeness error {error}", "完备性误差 {error}"),
    "undefined": ("not defined", "无定义"),
    "points": ("{n} points", "{n} 个积分点"),
    "cut": (
        "The text is too long: only the first {read} of {all} characters were read.",
        "文本过长：只读取了 {all} 个字符中的 {read} 个。",
    ),
    "rough": (
        "The scores do not add up to the difference that they explain: take them as rough.",
        "各得分之和与所解释的差值不符，请仅作粗略参考。",
    ),
    "template": ("Template", "模板"),
    "words": ("Words", "词"),
    "word": ("word", "词"),
    "score": ("score", "得分"),
    "logit": ("logit", "logit"),
    "probability_unit": ("probability", "概率"),
    "empty": ("There is nothing to show.", "没有可显示的内容。"),
    # surprise of a language model
    "surprise_title": ("What surprised the language model", "语言模型觉得哪里意外"),
    "expected": ("expected", "意料之中"),
    "surprising": ("surprising", "出乎意料"),
    "deepest": (
        "the deepest shade is {nats} nats (1 in {odds}), the most surprising character",
        "最深的颜色为 {nats} 奈特（{odds} 分之一），即最出人意料的字符",
    ),
    "surprise_note": (
        "{characters} characters · perplexity {perplexity} a character · {bits} bits a character",
        "{characters} 个字符 · 每字符困惑度 {perplexity} · 每字符 {bits} 比特",
    ),
    # report of many texts
    "report_title": ("The most telling words of each class", "各类别最有说服力的词"),
    "count": ("count", "次数"),
    "mean": ("mean", "均值"),
    "speaks_for": ("speaks for {label}", "支持 {label}"),
    "speaks_against": ("speaks against {label}", "反对 {label}"),
    "report_note": (
        "score: the sum of a word's scores divided by its count plus {shrink}, so that a word met once is not first; mean: the plain mean, in the unit of the classifier's {output}.",
        "得分：词的得分之和除以（次数加 {shrink}），以免只出现一次的词排在最前；均值：简单平均，单位与分类器的 {output} 相同。",
    ),
}


def labels(language: str) -> dict[str, str]:
    """Key → what the page says.

    Raises:
        ValueError: the language is neither "en" nor "zh".

    Example:
        >>> labels("zh")["words"]
        '词'
    """
    if language not in LANGUAGES:
        raise ValueError(f"language={language!r} is not known: expected 'en' or 'zh'")
    place = LANGUAGES.index(language)
    return {key: texts[place] for key, texts in _LABELS.items()}
