"""Templates: parsing, tokens by hand, and what survives when a long text is cut.

Run: pytest tests/few_shot/test_template.py
"""

import pytest
from bag_models import bag_tokenizer
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizer_families import FAMILIES

from zhnlp.few_shot.prompt import encode_bare
from zhnlp.few_shot.template import Template
from zhnlp.tokenizers import load

CHARACTERS = "电网很好不是吗，。？abc12"
TOKENIZER = bag_tokenizer([*CHARACTERS, *("##" + one for one in "abc12")])
WRITTEN = st.text(alphabet=CHARACTERS + "龘Ａ１ \u3000\t😀é\U00020000\ud800", max_size=40)
TEMPLATES = [
    "很{mask}，{text}",  # prefix
    "{text}。很{mask}。",  # suffix
    "很{text}是{mask}吗{soft:2}好。",
    "{soft}{text:end}很{mask}",
    "{text_a}？{mask}，{text_b}",
    "{text_b:end}{mask}{text_a}。是{label}",
]


def encode(source, example, **options):
    options = {"limit": 64, "label": "电网", **options}
    (prompt,) = Template(source).encode(TOKENIZER, [example], **options)
    return prompt


def tokens(prompt):
    return TOKENIZER.convert_ids_to_tokens(prompt.ids)


def test_a_prompt_by_hand():
    prompt = encode("{soft:2}很{mask}，{text}。", {"text": "电Ab龘"}, masks=2)
    assert tokens(prompt) == [
        "[CLS]",
        "[MASK]",
        "[MASK]",
        "很",
        "[MASK]",
        "[MASK]",
        "，",
        "电",
        "a",
        "##b",
        "[UNK]",
        "。",
        "[SEP]",
    ]
    assert prompt.slots == [4, 5] and prompt.soft == [1, 2] and not prompt.cut
    assert [place for place, free in enumerate(prompt.free) if free] == [3, 6, 7, 8, 9, 11]
    own = [("text", 0, 1), ("text", 1, 2), ("text", 2, 3), ("text", 3, 4)]
    assert prompt.offsets == [None] * 7 + own + [None] * 2


def test_parts_of_a_template():
    template = Template("{text_b}{soft}{{{text_a}}}{soft:3}{label}{mask}")
    assert (template.fields, template.soft, template.has_label) == (("text_b", "text_a"), 4, True)
    assert (
        template.render({"text_a": "甲", "text_b": "乙"}, "好", "丙") == "乙[soft]{甲}[soft][soft][soft]丙好"
    )
    assert Template("{text}很{mask}").render("电", "好") == "电很好"
    assert Template("{text}{mask}") == Template("{text}{mask}") != Template("{mask}{text}")


@pytest.mark.parametrize("source", TEMPLATES)
@given(first=WRITTEN, second=WRITTEN, masks=st.integers(1, 3), room=st.integers(0, 60))
@example("电" * 40, "网" * 40, 2, 0)
@example("", "", 1, 0)
def test_what_is_cut_is_the_text_and_never_the_template(source, first, second, masks, room):
    template = Template(source)
    values = dict(zip(template.fields, (first, second)))
    empty = encode(source, dict.fromkeys(template.fields, ""), masks=masks)
    whole = encode(source, values, masks=masks, limit=10_000)
    limit = len(empty.ids) + len(template.fields) + room
    prompt = encode(source, values, masks=masks, limit=limit)
    frame = [token for token, offset in zip(prompt.ids, prompt.offsets) if offset is None]
    assert frame == empty.ids
    assert len(prompt.ids) == min(limit, len(whole.ids)) and prompt.cut == (len(whole.ids) > limit)
    assert [prompt.ids[slot] for slot in prompt.slots] == [TOKENIZER.mask_token_id] * masks
    assert len(prompt.soft) == template.soft
    closed = {*prompt.slots, *prompt.soft}
    for place, (token, free) in enumerate(zip(prompt.ids, prompt.free)):
        assert free == (token not in TOKENIZER.all_special_ids and place not in closed)


@pytest.mark.parametrize("source", TEMPLATES)
@given(first=WRITTEN, second=WRITTEN, room=st.integers(0, 60))
def test_offsets_cut_the_user_s_own_string(source, first, second, room):
    template = Template(source)
    values = dict(zip(template.fields, (first, second)))
    empty = encode(source, dict.fromkeys(template.fields, ""))
    prompt = encode(source, values, limit=len(empty.ids) + len(template.fields) + room)
    ends = dict.fromkeys(template.fields, 0)
    for token, offset in zip(tokens(prompt), prompt.offsets):
        if offset is None:
            continue
        name, start, end = offset
        assert ends[name] <= start < end <= len(values[name])
        ends[name] = end
        cut = values[name][start:end]
        assert token == "[UNK]" or token.removeprefix("##") == cut.lower()


@pytest.fixture(scope="module")
def families(tmp_path_factory):
    return {
        name: load(FAMILIES[name](tmp_path_factory.mktemp(name))) for name in ("bert", "qwen", "t5", "cpm")
    }


@pytest.mark.parametrize("name", ["bert", "qwen", "t5", "cpm"])
@given(
    text=st.text(alphabet="我们学习深度abcＡ１ \u3000\t😀\U00020000\ud800", max_size=30),
    room=st.integers(1, 30),
)
def test_other_tokenizers_keep_the_template_and_the_offsets_too(families, name, text, room):
    tokenizer = families[name]
    word = encode_bare(tokenizer, "学习")
    template = Template("我们，{mask}的，{text}。")

    def read(text, limit):
        return template.encode(tokenizer, [{"text": text}], limit=limit, words=[word])[0]

    empty = read("", 99)
    prompt = read(text, len(empty.ids) + room)
    frame = [token for token, offset in zip(prompt.ids, prompt.offsets) if offset is None]
    assert frame == empty.ids and [prompt.ids[slot] for slot in prompt.slots] == word
    ends = [0, *(offset[2] for offset in prompt.offsets if offset)]
    assert ends == sorted(ends) and ends[-1] <= len(text)
    if not prompt.cut:
        assert not text[ends[-1] :].strip("\ud800 \u3000\t")  # what BERT's normaliser drops has no token


def test_a_blank_that_a_tokenizer_puts_before_a_word_is_no_part_of_it(families):
    tokenizer = families["t5"]
    assert tokenizer.tokenize("学习") == ["▁", "学习"]
    assert tokenizer.convert_ids_to_tokens(encode_bare(tokenizer, "学习")) == ["学习"]


def test_of_two_texts_the_longer_loses_first():
    def kept(first, second, room):
        prompt = encode(
            "{text_a}{mask}{text_b}", {"text_a": "电" * first, "text_b": "网" * second}, limit=room + 3
        )
        return tokens(prompt).count("电"), tokens(prompt).count("网")

    assert kept(10, 3, 8) == (5, 3) and kept(3, 10, 8) == (3, 5)
    assert kept(10, 9, 8) == (4, 4) and kept(10, 9, 7) == (4, 3) and kept(9, 10, 7) == (3, 4)
    assert kept(2, 2, 2) == (1, 1) and kept(0, 9, 4) == (0, 4)


def test_a_field_loses_its_end_or_its_beginning():
    assert tokens(encode("{text}{mask}", {"text": "电网很好"}, limit=5)) == [
        "[CLS]",
        "电",
        "网",
        "[MASK]",
        "[SEP]",
    ]
    prompt = encode("{text:end}{mask}", {"text": "电网很好"}, limit=5)
    assert tokens(prompt) == ["[CLS]", "很", "好", "[MASK]", "[SEP]"]
    assert prompt.offsets[1:3] == [("text", 2, 3), ("text", 3, 4)]


def test_what_the_user_wrote_is_never_the_blank():
    prompt = encode("{text}很{mask}", {"text": "[MASK]电[SEP]"})
    assert tokens(prompt)[1:4] == ["[MASK]", "电", "[SEP]"]
    assert prompt.slots == [5] and prompt.free[1:4] == [False, True, False]


def test_the_words_of_a_blank():
    ids = TOKENIZER.convert_tokens_to_ids
    prompts = Template("{text}{mask}。").encode(
        TOKENIZER, [{"text": "电"}, {"text": "网"}], limit=9, words=[ids(["很", "好"]), ids(["不"])]
    )
    assert [tokens(prompt)[1:-2] for prompt in prompts] == [["电", "很", "好"], ["网", "不"]]
    assert [prompt.slots for prompt in prompts] == [[2, 3], [2]] and not prompts[0].free[2]


def test_a_label_for_each_text():
    prompts = Template("{text}是{label}{mask}").encode(
        TOKENIZER, [{"text": "电"}, {"text": "电"}], limit=9, label=["很", "网网"]
    )
    assert [tokens(prompt)[2:-2] for prompt in prompts] == [["是", "很"], ["是", "网", "网"]]


@given(st.lists(WRITTEN, max_size=5))
def test_many_texts_are_encoded_as_each_alone(texts):
    template = Template("{text}。很{mask}。")
    examples = [{"text": text} for text in texts]
    together = template.encode(TOKENIZER, examples, limit=20)
    assert together == [template.encode(TOKENIZER, [one], limit=20)[0] for one in examples]


def test_the_tokenizer_stays_as_it_was():
    tokenizer = bag_tokenizer(CHARACTERS)
    tokenizer.backend_tokenizer.enable_truncation(3)
    tokenizer.backend_tokenizer.enable_padding(length=7)
    before = tokenizer.backend_tokenizer.to_str()
    (prompt,) = Template("{text}很{mask}").encode(tokenizer, [{"text": "电网很好"}], limit=20)
    assert len(prompt.ids) == 8 and tokenizer.backend_tokenizer.to_str() == before


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{text}。总之，很好。", "reads '今天天气不错。总之，很好。', has no {mask}"),
        ("{mask}{text}{mask}", r"reads '\[MASK\]今天天气不错\[MASK\]', has 2 {mask}s"),
        ("很{mask}。", "has no text"),
        ("{text}{text}{mask}", "has the fields text, text: expected text once"),
        ("{text}{text_a}{mask}", "has the fields text, text_a"),
        ("{text_a}{mask}", "has the fields text_a"),
        ("{txt}很{mask}", "has {txt}: expected {text}, .*for example reads '今天天气不错。总之，很"),
        ("{text!r}很{mask}", "has {text!r}"),
        ("{text:3}很{mask}", "has {text:3}"),
        ("{}很{mask}{text}", "has {}"),
        ("{soft:0}{text}很{mask}", "has {soft:0}"),
        ("{mask:2}{text}", "has {mask:2}"),
        ("{label}{label}{mask}{text}", "has {label} 2 times"),
        ("{text}很{mask", "cannot be read"),
        ("{text}}很{mask}", "cannot be read .*Next: write {{ and }} for braces"),
        ("", "has no {mask}"),
    ],
)  # fmt: skip
def test_a_template_that_cannot_work_is_shown(source, message):
    with pytest.raises(ValueError, match=message):
        Template(source)


def test_refusals():
    with pytest.raises(TypeError, match="the template is int: expected a str"):
        Template(3)
    with pytest.raises(
        ValueError,
        match=r"the template '今天天气不错很\[MASK\]\[MASK\]' without its text takes 5 tokens of 5",
    ):
        encode("{text}很{mask}", {"text": ""}, masks=2, limit=5)
    tokenizer = bag_tokenizer(CHARACTERS)
    tokenizer.mask_token = None
    with pytest.raises(
        ValueError, match=r"no mask token for the blank of '今天天气不错很\[MASK\]'.*zhnlp-mlm-small"
    ):
        Template("{text}很{mask}").encode(tokenizer, [{"text": "电"}], limit=9)
