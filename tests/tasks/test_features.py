"""pipeline("feature-extraction"): poolings, order, streams, long and empty texts, devices of numbers.

Run: pytest tests/tasks/test_features.py
"""

import numpy as np
import pytest
import torch
from small_models import make_model, make_tokenizer, save_checkpoint

from zhnlp import pipeline
from zhnlp.tokenizers import load

TEXTS = ["变压器检修", "", "今天天气很好，我们在北京大学研究变压器。", "电", "电网" * 12, "气"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("bert")
    save_checkpoint(place, "bert")
    return place


@pytest.fixture(scope="module")
def pipe(folder):
    return pipeline("feature-extraction", folder, dtype="float32")


def hidden(text, folder_model):
    """The last hidden states of one text, by transformers alone."""
    encoded = make_tokenizer()(text, return_tensors="pt")
    with torch.no_grad():
        return folder_model.bert(**encoded, output_hidden_states=True)


def test_vectors_are_those_of_transformers(folder):
    model = make_model("bert")
    for pooling, of in {
        "mean": lambda out: out[0][0].mean(0),
        "cls": lambda out: out[0][0, 0],
        "max": lambda out: out[0][0].amax(0),
        "last": lambda out: out[0][0, -1],
        "first-last": lambda out: (out.hidden_states[1][0] + out.hidden_states[-1][0]).mean(0) / 2,
    }.items():
        vectors = pipeline("feature-extraction", folder, pooling=pooling, dtype="float32")(TEXTS)
        assert vectors.shape == (6, 32) and vectors.dtype == np.float32
        wanted = np.stack([of(hidden(text, model)).numpy() for text in TEXTS])
        assert np.allclose(vectors, wanted, atol=1e-5), pooling


def test_one_text_a_tuple_an_iterator(pipe):
    vectors = pipe(TEXTS)
    assert np.allclose(pipe(TEXTS[0]), vectors[0], atol=1e-6) and pipe(TEXTS[0]).shape == (32,)
    assert np.array_equal(pipe(tuple(TEXTS)), vectors) and pipe([]).shape == (0, 32)
    lazy = pipe(iter(TEXTS))
    assert not isinstance(lazy, (list, np.ndarray)) and np.allclose(np.stack(list(lazy)), vectors, atol=1e-6)


def test_inference_mode_does_not_leak_from_a_stream(pipe):
    stream = pipe(iter(TEXTS))
    next(stream)
    assert not torch.is_inference_mode_enabled() and torch.is_grad_enabled()


def test_bf16_is_near(folder, pipe):
    near = pipeline("feature-extraction", folder, dtype=torch.bfloat16)(TEXTS)
    exact = pipe(TEXTS)
    cosine = (near * exact).sum(1) / np.linalg.norm(near, axis=1) / np.linalg.norm(exact, axis=1)
    assert near.dtype == np.float32 and cosine.min() > 0.99
    assert not np.array_equal(near, exact)


def test_normalized_vectors_have_length_one(folder):
    vectors = pipeline("feature-extraction", folder, normalize=True, dtype="float32")(TEXTS)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_a_long_text_is_cut_said_and_counted(folder):
    pipe = pipeline("feature-extraction", folder, dtype="float32")
    text = "电网" * 50
    with pytest.warns(UserWarning, match=r"1 of 3 texts were too long .* \(64 tokens\)"):
        vectors = pipe(["电", text, "网"])
    assert np.allclose(vectors[1], pipe(text[:62]), atol=1e-5)  # with [CLS] and [SEP] 64
    assert pipe.report.cut == 1 and pipe.report.texts == 4


def test_a_text_without_a_token_is_zero(tmp_path):
    """A causal tokenizer without special tokens leaves nothing of an empty text."""
    model = make_model("llama")
    tokenizer = make_tokenizer(causal=True)
    from tokenizers.processors import TemplateProcessing

    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="$A", pair="$A $B", special_tokens=[]
    )
    pipe = pipeline("feature-extraction", model.model, tokenizer=tokenizer, pooling="last", dtype="float32")
    vectors = pipe(["电网", ""])
    assert not vectors[1].any() and vectors[0].any() and pipe.report.empty == 1


def test_batches_and_options_do_not_change_the_result(folder, pipe):
    exact = pipe(TEXTS)
    for options in ({"batch_size": 1}, {"batch_size": 2}, {"token_budget": 1}, {"token_budget": 10**6}):
        other = pipeline("feature-extraction", folder, dtype="float32", **options)
        assert np.allclose(other(TEXTS), exact, atol=1e-5), options


def test_a_model_of_the_users_is_not_changed(pipe):
    model = make_model("bert").bert
    given = pipeline("feature-extraction", model, tokenizer=make_tokenizer(), dtype=torch.bfloat16)
    given(TEXTS)
    assert model.dtype == torch.float32 and given.model is not model and given.name == "BertModel"
    same = pipeline("feature-extraction", model, tokenizer=make_tokenizer(), dtype="float32")
    assert same.model is model and np.allclose(same(TEXTS), pipe(TEXTS), atol=1e-5)


def test_save_keeps_every_bit_of_the_weights(folder, pipe, tmp_path):
    rounded = pipeline("feature-extraction", folder, dtype=torch.bfloat16)
    rounded(TEXTS)
    rounded.save(tmp_path)
    assert np.array_equal(pipeline("feature-extraction", tmp_path, dtype="float32")(TEXTS), pipe(TEXTS))


def test_half_a_surrogate_pair_is_read_as_one_unknown_character(pipe):
    for rest in ("电", "电" * 90):  # the second is cut
        assert np.array_equal(pipe("\ud800" + rest), pipe("\ufffd" + rest))


def test_a_broken_checkpoint_is_refused():
    model = make_model("bert").bert
    with torch.no_grad():
        model.encoder.layer[1].output.dense.weight[3, 3] = torch.nan
    pipe = pipeline("feature-extraction", model, tokenizer=make_tokenizer(), normalize=True)
    with pytest.raises(ValueError, match="BertModel gives nan or infinite hidden states"):
        pipe(TEXTS)


def test_saving_into_a_file_is_refused(pipe, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileExistsError, match="file is a file: expected the name of a folder"):
        pipe.save(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "x"


def test_seeds_have_a_range(folder):
    for seed, error in (
        ("x", TypeError),
        (1.0, TypeError),
        (True, TypeError),
        (2**70, ValueError),
        (-1, ValueError),
    ):
        with pytest.raises(error, match=r"seed=.* expected .*0 to 9,223"):
            pipeline("feature-extraction", folder, seed=seed)
    assert pipeline("feature-extraction", folder, seed=2**63 - 1)("电").shape == (32,)


def test_refusals(folder, pipe):
    for options, said in (
        ({"pooling": "middle"}, "expected mean, cls"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"token_budget": True}, "token_budget=True"),
        ({"dtype": "float99"}, "dtype 'float99'"),
    ):
        with pytest.raises(ValueError, match=said):
            pipeline("feature-extraction", folder, **options)
    with pytest.raises(TypeError, match="without tokenizer="):
        pipeline("feature-extraction", make_model("bert"))
    for wrong in (3, b"x", ["a", None], {"电": 1}):
        with pytest.raises(TypeError, match="expected"):
            pipe(wrong)


def test_a_tokenizer_that_does_not_fit_is_refused(folder):
    """Its ids would be read as other tokens, or lie outside the embedding."""
    foreign = load("zhnlp-mlm-small")
    for model in (folder, make_model("bert")):
        with pytest.raises(ValueError, match=r"tokenizer=: vocabulary has 7,354 entries, the embedding"):
            pipeline("feature-extraction", model, tokenizer=foreign)
    with pytest.raises(ValueError, match="tokenizer=: vocabulary has"):
        pipeline("feature-extraction", "zhnlp-mlm-small", tokenizer=make_tokenizer())
    assert pipeline("feature-extraction", make_model("bert"), tokenizer=foreign, check=False)


def test_numbers_that_are_none_are_refused_before_a_model_is_loaded():
    with pytest.raises(ValueError, match="dtype 'int8'"):
        pipeline("fill-mask", dtype="int8")


def test_no_model_is_the_default():
    with pytest.raises(
        TypeError, match=r'got no model.*a bag of characters without states.*model="zhnlp-mlm-small"'
    ):
        pipeline("feature-extraction")
    assert "There is no default." in pipeline.help("feature-extraction")
    assert "None: zhnlp-mlm-small, which ships." in pipeline.help("fill-mask")


def test_the_shipped_model_gives_vectors():
    pipe = pipeline("feature-extraction", "zhnlp-mlm-small")
    assert pipe(["今天天气很好", "变压器"]).shape == (2, pipe.model.config.hidden_size)
    assert pipe.name == "zhnlp-mlm-small"


@pytest.mark.parametrize("pooling", ["cls", "first-last", "attention"])
def test_the_folder_of_a_sentence_encoder_brings_all_its_parts(folder, tmp_path, pooling):
    from zhnlp.similarity import SentenceEncoder

    encoder = SentenceEncoder(folder, pooling=pooling, max_length=12, normalize=True)
    encoder.save(tmp_path)
    pipe = pipeline("feature-extraction", tmp_path, dtype="float32")
    assert pipe.pooling == pooling and pipe.limit == 12
    with pytest.warns(UserWarning, match="12 tokens"):
        vectors = pipe(TEXTS)
    assert np.allclose(vectors, encoder.encode(TEXTS), atol=1e-5)
    pipe.save(tmp_path / "again")
    assert np.allclose(SentenceEncoder(tmp_path / "again").encode(TEXTS), encoder.encode(TEXTS), atol=1e-5)
    with pytest.raises(ValueError, match=f"pools by {pooling}"):
        pipeline("feature-extraction", tmp_path, pooling="max")
