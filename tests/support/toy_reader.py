"""A small reader that is trained once a process, and what it was taught."""

from functools import cache

WHO, WHERE = ("小王", "老李", "阿明", "小张"), ("银行", "学校", "医院", "电厂")
NOTHING = "天气很好，大家都高兴。"
ROWS = [
    {
        "id": f"{who}-{where}",
        "question": f"{who}在哪里上班？",
        "passages": [
            {"passage": f"{who}住在城东，{who}在{where}上班。", "answer": where},
            {"passage": NOTHING},
        ],
    }
    for who in WHO
    for where in WHERE
]


@cache
def toy_reader():
    """It answers ROWS; it is not calibrated."""
    from zhnlp.reading import PassageReader

    made = PassageReader(words=None, hidden_size=32, min_count=1, progress=False)
    training = {"epochs": 30, "batch_size": 8, "learning_rate": 5e-3, "augmentation": {"absent": 0.3}}
    return made.fit(ROWS, **training)
