"""pipeline("fill-mask"): parity with the whole head, offsets into the user's own string, targets, long texts.

Run: pytest tests/tasks/test_fill_mask.py
"""

import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import VOCABULARY, make_model, make_tokenizer, save_checkpoint

from zhnlp import pipeline


@pytest.fixture(scope="module", params=["bert", "roformer"])
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def folder(kind, tmp_path_factory):
    place = tmp_path_factory.mktemp(kind)
    save_checkpoint(place, kind)
    return place


@pytest.fixture(scope="module")
def pipe(folder):
    return pipeline("fill-mask", folder, dtype="float32")


def chances(kind, text):
    """Probabilities at the masks, by transformers alone: (M, V)."""
    encoded = make_tokenizer()(text, return_tensors="pt")
    with torch.no_grad():
        return make_model(kind)(**encoded).logits[encoded["input_ids"] == 4].softmax(-1)


def test_scores_are_the_probabilities_of_the_whole_head(pipe, kind):
    text = "变压[MASK]检修"
    found = pipe(text, top_k=len(VOCABULARY))
    wanted = chances(kind, text)[0]
    assert len(found) == len(VOCABULARY) - 5  # special tokens are never put in
    assert [row["score"] for row in found] == sorted((row["score"] for row in found), reverse=True)
    for row in found:
        assert row["score"] == pytest.approx(wanted[row["token"]].item(), rel=1e-3, abs=1e-7)
    assert pipe(text) == found[:5] and json.loads(json.dumps(found)) == found


def test_several_masks_give_a_list_each_and_other_masks_stay(pipe, kind):
    text = "[MASK]网[MASK]"
    first, second = pipe(text, top_k=2)
    wanted = chances(kind, text)
    assert first[0]["score"] == pytest.approx(wanted[0, 5:].max().item(), rel=1e-3)
    assert second[0]["score"] == pytest.approx(wanted[1, 5:].max().item(), rel=1e-3)
    assert first[1]["sequence"] == first[1]["token_str"] + "网[MASK]"
    assert second[0]["sequence"] == "[MASK]网" + second[0]["token_str"]


@settings(max_examples=60, deadline=None)
@given(
    before=st.text(alphabet="电网变 \u3000Ａ１ax2\t😀é\U00020000，", max_size=12),
    after=st.text(alphabet="电网变 \u3000Ａ１ax2\t😀é\U00020000，", max_size=12),
)
def test_the_sequence_is_the_user_s_own_string(pipe, before, after):
    for row in pipe(f"{before}[MASK]{after}", top_k=3):
        assert row["sequence"] == before + row["token_str"] + after


def test_pieces_are_put_in_without_their_signs(pipe):
    (row,) = pipe("a[MASK]", targets="##b")
    assert (row["token_str"], row["sequence"], row["token"]) == ("b", "ab", VOCABULARY.index("##b"))


def test_targets_are_the_only_candidates(pipe, kind):
    wanted = chances(kind, "电[MASK]")[0]
    found = pipe("电[MASK]", targets=["网", "器", "网"])
    assert {row["token_str"] for row in found} == {"网", "器"}
    assert found[0]["score"] == pytest.approx(
        max(wanted[VOCABULARY.index("网")], wanted[VOCABULARY.index("器")]).item(), rel=1e-3
    )


def test_many_texts_are_what_each_is_alone(pipe):
    texts = ["电网" * number + "[MASK]" + "变压器" * (number % 5) for number in range(12)]
    together = pipe(texts)
    for text, found in zip(texts, together):
        for one, other in zip(found, pipe(text)):
            assert one["score"] == pytest.approx(other["score"], rel=1e-3)
            assert text.replace("[MASK]", one["token_str"]) == one["sequence"]
    lazy = list(pipe(iter(texts)))
    assert [[row["token"] for row in found] for found in lazy] == [
        [row["token"] for row in found] for found in together
    ]


def test_of_a_long_text_the_part_around_the_masks_is_read(folder):
    pipe = pipeline("fill-mask", folder, dtype="float32")
    for before, after in ((200, 0), (0, 200), (100, 100)):
        text = "电网" * before + "[MASK]压" + "电网" * after
        with pytest.warns(UserWarning, match="1 of 1 texts were too long"):
            found = pipe(text)
        assert found[0]["sequence"] == text.replace("[MASK]", found[0]["token_str"])
    with pytest.raises(ValueError, match="tokens apart: expected at most 62"):
        pipe("[MASK]" + "电" * 70 + "[MASK]")
    assert pipe.report.cut == 3


def test_the_tokenizer_of_the_user_stays_as_it_was(kind):
    tokenizer = make_tokenizer()
    tokenizer.backend_tokenizer.enable_truncation(5)
    tokenizer.backend_tokenizer.enable_padding(length=7)
    before = tokenizer.backend_tokenizer.to_str()
    pipe = pipeline("fill-mask", make_model(kind), tokenizer=tokenizer)
    for text in ("变压器检修[MASK]", "电网" * 90 + "[MASK]"):  # the second is cut
        assert pipe(text)[0]["sequence"].startswith(text[:5])
    assert pipe("电[MASK]", targets="A")[0]["token_str"] == "a"
    assert tokenizer.backend_tokenizer.to_str() == before


@pytest.mark.parametrize("length", [1, 90])
def test_half_a_surrogate_pair_is_read_as_one_unknown_character(pipe, length):
    text = "\udcff电\ud800[MASK]" + "网" * length
    found = pipe(text)
    assert found[0]["sequence"] == text.replace("[MASK]", found[0]["token_str"])
    assert [row["score"] for row in found] == [
        row["score"] for row in pipe(text.replace("\udcff", "\ufffd").replace("\ud800", "\ufffd"))
    ]


def test_a_broken_checkpoint_is_refused(kind, tmp_path):
    model = make_model(kind)
    with torch.no_grad():
        model.get_input_embeddings().weight.fill_(torch.nan)
    pipe = pipeline("fill-mask", model, tokenizer=make_tokenizer())
    with pytest.raises(
        ValueError, match=f"{type(model).__name__} gives nan or infinite logits.*download it again"
    ):
        pipe("电[MASK]")


def test_refusals(pipe, folder):
    for targets in (3, [3], ["电", None], b"x", {"电": 1}):
        with pytest.raises(TypeError, match=r"targets=.*such as targets=\['好', '坏'\]"):
            pipe("[MASK]", targets=targets)
        with pytest.raises(TypeError, match="targets="):
            pipeline("fill-mask", targets=targets)
    with pytest.raises(TypeError, match="fill-mask got dict: expected a str or an iterable of str"):
        pipe({"[MASK]": 1})
    for text in ("电网", "", "[mask]"):
        with pytest.raises(ValueError, match=r"without \[MASK\].*expected one or more"):
            pipe(text)
    with pytest.raises(ValueError, match=r"'电网' is 电 网 .*expected one token"):
        pipe("[MASK]", targets=["电网"])
    with pytest.raises(ValueError, match="expected one token"):
        pipe("[MASK]", targets=["龘"])
    with pytest.raises(ValueError, match="targets is empty"):
        pipe("[MASK]", targets=[])
    for top_k in (0, True, 1.5):
        with pytest.raises(ValueError, match="top_k"):
            pipe("[MASK]", top_k=top_k)
    with pytest.raises(TypeError, match="got int as text 1"):
        pipe(["[MASK]", 3])


def test_the_shipped_model_knows_chinese():
    pipe = pipeline("fill-mask")
    assert pipe("中华人民共和[MASK]")[0]["token_str"] == "国"
    assert {"token_str", "score", "sequence"} <= pipe("今天天[MASK]很好。")[0].keys()
