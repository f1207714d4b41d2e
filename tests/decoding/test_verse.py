"""Verse: by hand, against every poem of a small vocabulary, and in form whatever the model says.

Run: pytest tests/decoding/test_verse.py
"""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.decoding import DecodingOptions, PerRow, StepOutput, Verse, generate
from zhnlp.text import is_han

INF = torch.inf
SAID = dict(enumerate("，。天地玄黄荒唐x", start=1))  # 0 ends; 9 is no Han character; 10 and 11 are nothing
SIZE = 12
ID = {said: token for token, said in SAID.items()}
RHYMES = {
    ID["地"]: "i",
    ID["黄"]: "ang",
    ID["荒"]: ["ang"],
    ID["唐"]: ("ang", "i"),
    ID["玄"]: "an",
    ID["天"]: None,
}


def ids(text):
    return [ID[character] for character in text]


def may(verse, *beginnings):
    """What may follow each beginning: characters, and 0 for the end."""
    scores = verse(torch.tensor([ids(text) for text in beginnings]), torch.zeros(len(beginnings), SIZE))
    return ["".join(SAID.get(token, "0") for token in range(SIZE) if row[token] == 0) for row in scores]


# --- by hand -------------------------------------------------------------------------------------------------------


def test_places_decide_what_comes():
    verse = Verse(2, 2, SAID, end=0)
    assert verse.tokens == 7 and verse.rhyming == 0
    every = "天地玄黄荒唐"
    for begun, follows in [
        ("天", every),
        ("天天", "，"),
        ("天地，", every),
        ("天地，玄黄", "。"),
        ("天地，玄黄。", "0"),
    ]:
        assert may(verse, begun) == [follows]


def test_rhyme_words():
    verse = Verse(4, 1, SAID, end=0, rhymes=RHYMES)
    assert may(verse, "天，") == ["地黄荒唐"]  # 玄 rhymes with nothing, 天 has no class
    assert may(verse, "天，黄。天，", "天，地。天，", "天，唐。天，") == ["荒唐", "唐", "地黄荒"]


def test_one_class_holds_all_rhyme_words():
    verse = Verse(6, 1, SAID, end=0, rhymes=RHYMES)
    assert may(verse, "天，") == ["黄荒唐"]  # of the other class there are only two
    assert may(verse, "天，唐。天，") == ["黄荒"]  # 地 rhymes with 唐, but no third does


def test_the_first_line_may_rhyme():
    free, rhymed = (Verse(2, 1, SAID, end=0, rhymes=RHYMES, first_line=one) for one in (False, True))
    assert may(free, "玄，") == ["地玄黄荒唐"]
    assert may(rhymed, "地，") == ["唐"]
    with pytest.raises(ValueError, match="do not rhyme"):
        may(rhymed, "玄，")


def test_rhyme_words_are_kept_in_reserve():
    strict = Verse(2, 2, SAID, end=0, rhymes=RHYMES, first_line=True, most=1)
    assert may(strict, "天") == ["地黄荒唐"]
    assert may(strict, "黄荒，") == ["天地玄"]  # 荒 rhymes with 唐 alone, which must not be used up
    assert may(strict, "天黄，荒") == ["唐"]


def test_titles_before_and_rows_that_begin_elsewhere():
    after = Verse(2, 2, SAID, end=0, after=10)
    start = Verse(2, 2, SAID, end=0, start=3)
    rows = torch.tensor([[9, 9, 10, 3, 4], [10, 10, 3, 4, 1], [3, 4, 1, 10, 5]])
    found = [(row == 0).nonzero()[:, 0].tolist() for row in after(rows, torch.zeros(3, SIZE))]
    assert found == [[1], [3, 4, 5, 6, 7, 8], [3, 4, 5, 6, 7, 8]]
    assert (start(rows[:1], torch.zeros(1, SIZE)) == 0).nonzero().tolist() == [[0, 1]]


def test_a_dead_row_beside_others_gets_nothing():
    verse = Verse(2, 2, SAID, end=0)
    scores = verse(torch.tensor([ids("天天"), ids("，天")]), torch.zeros(2, SIZE))
    assert scores[0, ID["，"]] == 0 and bool((scores[1] == -INF).all())


def test_two_tokens_of_one_character_are_one():
    said = {**SAID, 10: "黄", 11: "，"}
    verse = Verse(2, 1, said, end=0, rhymes={**RHYMES, 10: "ang"}, first_line=True, most=1)
    scores = verse(torch.tensor([[ID["黄"], 11]]), torch.zeros(1, SIZE))
    assert (scores[0] == 0).nonzero()[:, 0].tolist() == ids("荒唐")


# --- against every poem --------------------------------------------------------------------------------------------

FORMS = [(2, 1), (2, 2), (4, 1), (2, 3), (6, 1)]


def poems(lines, length, rhymes, first_line, most, han):
    """Every poem as its tokens, the end among them; written without looking at how `Verse` works."""
    for characters in itertools.product(han, repeat=lines * length):
        rows = [characters[at : at + length] for at in range(0, lines * length, length)]
        if most is not None and max(map(characters.count, characters)) > most:
            continue
        if rhymes is not None:
            words = [row[-1] for number, row in enumerate(rows) if number % 2 or (first_line and not number)]
            if len(set(words)) < len(words) or not set.intersection(*(set(rhymes[word]) for word in words)):
                continue
        yield (*(token for number, row in enumerate(rows) for token in (*row, 1 + number % 2)), 0)


@settings(max_examples=20, deadline=None)
@given(
    form=st.sampled_from(FORMS),
    classes=st.lists(st.sets(st.sampled_from("abc"), max_size=2), min_size=4, max_size=4),
    rhyming=st.booleans(),
    first_line=st.booleans(),
    most=st.sampled_from([None, 1, 2, 3]),
)
def test_exactly_what_can_be_completed_may_come(form, classes, rhyming, first_line, most):
    han = ids("天地玄黄")
    said = {token: SAID[token] for token in (1, 2, *han)}
    rhymes = dict(zip(han, classes)) if rhyming else None
    every = set(poems(*form, rhymes, first_line, most, han))
    given = {"end": 0, "rhymes": rhymes, "first_line": first_line, "most": most}
    if not every:
        with pytest.raises(ValueError):
            Verse(*form, said, **given)
        return
    verse = Verse(*form, said, **given)
    follows = {}
    for poem in every:
        assert len(poem) == verse.tokens
        for at in range(1, len(poem)):
            follows.setdefault(poem[:at], set()).add(poem[at])
    for length in range(1, verse.tokens):
        begun = [one for one in follows if len(one) == length]
        found = verse(torch.tensor(begun), torch.zeros(len(begun), SIZE)) == 0
        for one, row in zip(begun, found):
            assert set(row.nonzero()[:, 0].tolist()) == follows[one], one
    first = verse(torch.tensor([[9]] * 2)[:, :0], torch.zeros(2, SIZE))[0] == 0
    assert set(first.nonzero()[:, 0].tolist()) == {poem[0] for poem in every}


# --- whatever the model says ---------------------------------------------------------------------------------------

VOCABULARY = "，。" + "".join(chr(0x4E00 + number) for number in range(40)) + "ab：\n"
MANY = dict(enumerate(VOCABULARY, start=2))  # 0 ends, 1 begins
SOUNDS = {token: [str(token % 7), str(token % 3)][: 1 + token % 2] for token in MANY if token % 5}


def model(seed, spread=30.0):
    table = (
        torch.randn(50, 50, generator=torch.Generator().manual_seed(seed)) * spread
    )  # the last token → the next
    return lambda tokens, cache: StepOutput(table[tokens[:, -1]], None)


def check(tokens, lines, length, most, first_line):
    text = "".join(MANY[token] for token in tokens)
    rows = [text[at : at + length + 1] for at in range(0, len(text), length + 1)]
    assert len(text) == lines * (length + 1) and len(rows) == lines
    assert all(is_han(row[:-1]) and row[-1] == "，。"[number % 2] for number, row in enumerate(rows))
    assert most is None or all(text.count(one) <= most for one in set(text) - set("，。"))
    words = [tokens[(number + 1) * (length + 1) - 2] for number in range(lines)]
    words = [word for number, word in enumerate(words) if number % 2 or (first_line and not number)]
    assert len(set(words)) == len(words) and set.intersection(*(set(SOUNDS[word]) for word in words))


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    form=st.sampled_from([(2, 1), (4, 3), (4, 5), (8, 2)]),
    most=st.sampled_from([None, 1, 2]),
    first_line=st.booleans(),
    way=st.sampled_from(
        [
            {"sample": True, "num_return": 2},
            {"sample": True, "top_k": 3, "temperature": 2.0},
            {"beams": 4, "num_return": 3},
            {},
        ]
    ),
)
def test_form_and_rhyme_hold(seed, form, most, first_line, way):
    verse = Verse(*form, MANY, end=0, rhymes=SOUNDS, first_line=first_line, most=most, start=1)
    options = DecodingOptions(
        end=0, max_new_tokens=verse.tokens, **way, **({"seed": seed} if "sample" in way else {})
    )
    for row in generate(model(seed), torch.tensor([[1], [5]]), options, processors=[verse]):
        assert len(row) == options.num_return
        for one in row:
            assert one.ended
            check(one.tokens, *form, most, first_line)


@pytest.mark.parametrize("way", [{"sample": True, "seed": PerRow([7, 8, 9])}, {"beams": 3}])
def test_a_row_alone_and_in_a_batch_is_the_same(way):
    verse = Verse(4, 3, MANY, end=0, rhymes=SOUNDS, after=1)
    options = DecodingOptions(end=0, max_new_tokens=verse.tokens, **way)
    rows = [[1], [44, 45, 1], [1, 4, 5, 6, 2, 7]]  # nothing, a title, a first line and more
    longest = max(map(len, rows))
    prefix = torch.tensor([[0] * (longest - len(row)) + row for row in rows])
    mask = torch.tensor([[False] * (longest - len(row)) + [True] * len(row) for row in rows])
    together = generate(model(3, 1.0), prefix, options, prefix_mask=mask, processors=[verse])
    for number, row in enumerate(rows):
        own = {"seed": PerRow([7 + number])} if "seed" in way else {}
        [[alone]] = generate(model(3, 1.0), torch.tensor([row]), options, processors=[verse], **own)
        assert alone.tokens == together[number][0].tokens
        check(row[row.index(1) + 1 :] + alone.tokens, 4, 3, None, False)


def test_beams_pass_places_where_one_token_may_come():
    verse = Verse(2, 2, MANY, end=0, start=1)
    prefix = torch.tensor([[1, 4, 5]])  # the comma is the only token that may follow
    [found] = generate(
        model(0, 1.0), prefix, end=0, max_new_tokens=5, beams=4, num_return=4, processors=[verse]
    )
    assert len(found) == 4 and len({tuple(one.tokens) for one in found}) == 4
    for one in found:
        assert MANY[one.tokens[0]] == "，" and one.ended


# --- refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"lines": 3}, "even number"),
        ({"lines": 0}, "lines=0"),
        ({"length": 0}, "length=0"),
        ({"most": 0}, "most=0"),
        ({"start": 2, "after": 1}, "one of them"),
        ({"characters": {3: "天", 1: "，"}}, "lack 。"),
        ({"characters": {1: "，", 2: "。", 3: "天天"}}, "0 Han characters"),
        ({"length": 4, "most": 1}, "6 Han characters, each at most 1 times, do not make a poem of 8"),
        ({"lines": 8, "rhymes": RHYMES}, "more than 3 of the 6 characters: expected 4"),
        ({"rhymes": {}}, "more than 0"),
    ],
)
def test_what_cannot_be_written_is_refused(wrong, said):
    given = {"lines": 2, "length": 2, "characters": SAID, "end": 0, **wrong}
    with pytest.raises(ValueError, match=said):
        Verse(**given)


@pytest.mark.parametrize(
    ("begun", "options", "said"),
    [
        ("天，", {}, "its token 2 is 1 .，.: expected a Han character"),
        ("天地。", {}, "its token 3 is 2 .。.: expected ，"),
        ("x", {}, "expected a Han character"),
        ("天天", {"most": 1}, "天 stands in it 2 times"),
        ("天玄，", {"rhymes": RHYMES, "first_line": True}, "do not rhyme"),
        ("天地", {"start": 3}, "begins at column 3 of 2"),
        ("天地", {"after": 10}, "the token 10, behind which it begins, is missing"),
    ],
)
def test_a_beginning_out_of_form_is_refused(begun, options, said):
    verse = Verse(2, 2, SAID, end=0, **options)
    tokens = torch.tensor([ids(begun)])
    for call in (lambda: verse.check(tokens), lambda: verse(tokens, torch.zeros(1, SIZE))):
        with pytest.raises(ValueError, match=said):
            call()


def test_a_vocabulary_larger_than_the_model_is_refused():
    with pytest.raises(ValueError, match="the step scores 5 tokens"):
        Verse(2, 2, SAID, end=0)(torch.tensor([[3]]), torch.zeros(1, 5))
