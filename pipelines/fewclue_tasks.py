"""How the nine tasks of FewCLUE are asked: templates and label words, written by us before any test split was scored.

A pair of texts is ``text_a`` and ``text_b``; for "chid" the blank lies between the two, for "wsc" ``text_b`` is a claim
about ``text_a``, for "csl" keywords of it.  EFL templates say each label (``{label}``) and ask for yes or no.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SOFT = 8  # trainable tokens of P-tuning, as in https://kexue.fm/archives/8295


@dataclass(frozen=True)
class Cloze:
    """How a task is asked.

    Attributes:
        template: for zero-shot and PET; several are an ensemble.
        labels: class → words.
        tuned: template of P-tuning, with soft tokens.
        entailment: template of EFL, with {label}.
        described: class → what stands for {label}.
        max_length: tokens of a text.
        pet_epochs, tuning_epochs, efl_epochs: passes over the labelled texts.
    """

    template: str | tuple[str, ...]
    labels: dict
    tuned: str
    entailment: str
    described: dict = field(default_factory=dict)
    max_length: int = 128
    pet_epochs: int = 20
    tuning_epochs: int = 40
    efl_epochs: int = 10


def _soft(template: str) -> str:
    return f"{{soft:{SOFT}}}{template}"


_SAID = {  # a label that is no word, in words that a sentence can take; the others stand for themselves
    "tnews": {"电竞": "游戏"},
    "csldcp": {
        "材料科学与工程": "材料", "作物学": "作物", "口腔医学": "口腔", "药学": "药物", "教育学": "教育", "水利工程": "水利",
        "理论经济学": "理论经济", "食品科学与工程": "食品", "畜牧学/兽医学": "畜牧", "体育学": "体育", "核科学与技术": "核能",
        "园艺学": "园艺", "法学": "法律", "地质学/地质资源与地质工程": "地质", "石油与天然气工程": "石油", "农林经济管理": "农村经济",
        "信息与通信工程": "通信", "图书馆、情报与档案管理": "图书情报", "政治学": "政治", "电气工程": "电气", "海洋科学": "海洋",
        "民族学": "民族", "航空宇航科学与技术": "航空", "化学/化学工程与技术": "化学", "公共卫生与预防医学": "卫生", "艺术学": "艺术",
        "农业工程": "农业", "船舶与海洋工程": "船舶", "计算机科学与技术": "计算机", "冶金工程": "冶金", "交通运输工程": "交通",
        "动力工程及工程热物理": "动力", "纺织科学与工程": "纺织", "建筑学": "建筑", "环境科学与工程": "环境", "物理学": "物理",
        "林学/林业工程": "林业", "心理学": "心理", "历史学": "历史", "工商管理": "企业", "应用经济学": "经济", "中医学/中药学": "中医",
        "天文学": "天文", "机械工程": "机械", "土木工程": "土木", "光学工程": "光学", "地理学": "地理", "农业资源利用": "土壤",
        "生物学/生物科学与工程": "生物", "兵器科学与技术": "武器", "矿业工程": "采矿", "大气科学": "大气", "基础医学/临床医学": "医学",
        "电子科学与技术": "电子", "测绘科学与技术": "测绘", "控制科学与工程": "控制", "军事学": "军事", "中国语言文学": "文学",
        "新闻传播学": "新闻", "社会学": "社会", "地球物理学": "地震", "植物保护": "植物病虫",
    },
    "iflytek": {"MOBA": "对战游戏", "免费WIFI": "无线网络", "语言(非英语)": "外语", "K歌": "唱歌"},
}  # fmt: skip


def _words(task: str, classes: list[str]) -> dict[str, list[str]]:
    return {name: [_SAID[task].get(name, name)] for name in classes}


def cloze(task: str, classes: list) -> Cloze:
    """How a task is asked whose labels are ``classes``."""
    if task == "eprstmt":
        return Cloze(
            "{text}。总之，很{mask}。",
            {"Positive": ["好", "满意"], "Negative": ["差"]},
            _soft("{text}。总之，很{mask}。"),
            "{text}。这是{label}的评价吗？{mask}。",
            {"Positive": ["满意"], "Negative": ["失望"]},
        )
    if task == "tnews":
        return Cloze(
            "下面是一则{mask}新闻：{text}",
            _words(task, classes),
            _soft("下面是一则{mask}新闻：{text}"),
            "{text}。这是{label}新闻吗？{mask}。",
            _words(task, classes),
            max_length=64,
            pet_epochs=10,
            tuning_epochs=20,
        )
    if task == "csldcp":
        return Cloze(
            "这篇{mask}论文研究了：{text}",
            _words(task, classes),
            _soft("这篇{mask}论文研究了：{text}"),
            "这是一篇{label}论文吗？{mask}。{text}",
            _words(task, classes),
            pet_epochs=10,
            tuning_epochs=20,
            efl_epochs=3,
        )
    if task == "iflytek":
        return Cloze(
            "这是一款{mask}软件：{text}",
            _words(task, classes),
            _soft("这是一款{mask}软件：{text}"),
            "这是一款{label}软件吗？{mask}。{text}",
            _words(task, classes),
            pet_epochs=10,
            tuning_epochs=20,
            efl_epochs=2,
        )
    if task == "ocnli":
        return Cloze(
            "{text_a}？{mask}，{text_b}",
            {"entailment": ["是"], "contradiction": ["不"], "neutral": ["也"]},
            _soft("{text_a}？{mask}，{text_b}"),
            "{text_a}。{text_b}。后一句{label}吗？{mask}。",
            {"entailment": ["对"], "contradiction": ["错"], "neutral": ["不一定"]},
        )
    if task == "bustm":
        return Cloze(
            "{text_a}？{text_b}？两个问题{mask}同。",
            {"1": ["相"], "0": ["不"]},
            _soft("{text_a}？{text_b}？两个问题{mask}同。"),
            "{text_a}？{text_b}？两个问题{label}吗？{mask}。",
            {"1": ["相同"], "0": ["不同"]},
            max_length=64,
        )
    if task == "csl":
        return Cloze(
            "{text_b}，{mask}是这篇论文的关键词：{text_a}",
            {"1": ["都"], "0": ["不"]},
            _soft("{text_b}，{mask}是这篇论文的关键词：{text_a}"),
            "{text_b}{label}这篇论文的关键词吗？{mask}。{text_a}",
            {"1": ["都是"], "0": ["不都是"]},
            max_length=256,
        )
    if task == "wsc":
        return Cloze(
            "{text_a}其中{text_b}吗？{mask}。",
            {"true": ["是"], "false": ["不"]},
            _soft("{text_a}其中{text_b}吗？{mask}。"),
            "{text_a}其中{text_b}，这句话{label}吗？{mask}。",
            {"true": ["对"], "false": ["错"]},
        )
    if task == "chid":
        return Cloze(
            "{text_a:end}{mask}{text_b}",
            {},
            _soft("{text_a:end}{mask}{text_b}"),
            "{text_a:end}{label}{text_b}这个成语用得对吗？{mask}。",
            {},
            max_length=192,
        )
    raise ValueError(f"task {task!r} is not known: expected one of FewCLUE's nine")
