"""SentenceEncoder: transformers by hand, order and padding, folders of sentence-transformers both ways, refusals.

Run: pytest tests/similarity/test_encoder.py
"""

import copy
import json
import pickle
import warnings

import numpy as np
import pytest
import torch
from small_models import make_model, make_tokenizer, save_checkpoint

from zhnlp.models.gru_encoder import register
from zhnlp.nn.whitening import Whitening
from zhnlp.similarity import CharacterNgramEncoder, SentenceEncoder, load_encoder

TEXTS = ["变压器检修", "电", "今天天气很好，我们在北京大学研究变压器。", "电网" * 12, "", "变压器检修", "气"]
POOLINGS = ["mean", "cls", "max", "last", "first-last", "attention"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("bert")
    save_checkpoint(place, "bert")
    return place


@pytest.fixture(scope="module")
def encoder(folder):
    return SentenceEncoder(folder)


def gru(**options):
    return SentenceEncoder.gru(TEXTS, min_count=1, hidden_size=16, **options)


def test_vectors_are_those_of_transformers(folder, encoder):
    model = make_model("bert").bert.eval()
    with torch.no_grad():
        wanted = [
            model(**make_tokenizer()(text, return_tensors="pt"))[0][0].mean(0).numpy() for text in TEXTS
        ]
    vectors = encoder.encode(TEXTS)
    assert vectors.dtype == np.float32 and np.allclose(vectors, np.stack(wanted), atol=1e-5)
    assert encoder.size == vectors.shape[1] and encoder.pooling == "mean" and encoder.max_length == 64


@pytest.mark.parametrize("pooling", POOLINGS)
def test_order_batches_and_duplicates_change_nothing(folder, pooling):
    encoder = SentenceEncoder(folder, pooling=pooling)
    vectors = encoder.encode(TEXTS, normalize=True)
    assert np.array_equal(vectors[0], vectors[5])
    assert np.allclose(encoder.encode(TEXTS[::-1], normalize=True)[::-1], vectors, atol=1e-6)
    for options in ({"batch_size": 1}, {"token_budget": 30}):
        assert np.allclose(encoder.encode(TEXTS, normalize=True, **options), vectors, atol=1e-6)
    alone = np.stack([encoder.encode(text, normalize=True) for text in TEXTS])
    assert np.allclose(alone, vectors, atol=1e-6)
    assert np.allclose(encoder.encode(iter(TEXTS), normalize=True), vectors, atol=1e-6)


def test_the_network_is_what_encode_reads_and_can_be_trained(encoder):
    network = copy.deepcopy(encoder).network.train()
    network.transformer.requires_grad_(True)
    vectors = network(**encoder.tokenize(TEXTS))
    vectors.square().sum().backward()
    assert (
        vectors.shape == (7, encoder.size)
        and network.transformer.embeddings.word_embeddings.weight.grad.any()
    )
    network.eval()
    with torch.no_grad():
        assert np.allclose(network(**encoder.tokenize(TEXTS)).numpy(), encoder.encode(TEXTS), atol=1e-5)


def test_encode_sees_new_weights_and_leaves_the_mode(folder):
    encoder = SentenceEncoder(folder)
    before = encoder.encode(TEXTS)
    encoder.network.train()
    with torch.no_grad():
        for weight in encoder.network.transformer.parameters():
            weight.mul_(1.1)
    after = encoder.encode(TEXTS)
    assert (
        encoder.network.training and encoder.network.transformer.training and not np.allclose(before, after)
    )
    encoder.network.eval()
    with torch.no_grad():
        assert np.allclose(encoder.network(**encoder.tokenize(TEXTS)).numpy(), after, atol=1e-5)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_saved_folder_gives_the_same_vectors(folder, tmp_path, pooling):
    encoder = SentenceEncoder(folder, pooling=pooling, max_length=20)
    encoder.save(tmp_path)
    again = SentenceEncoder(tmp_path)
    assert (again.pooling, again.max_length) == (pooling, 20)
    with pytest.warns(UserWarning, match="2 of 6 different texts were longer than 20 tokens"):
        assert np.allclose(again.encode(TEXTS), encoder.encode(TEXTS), atol=1e-6)


@pytest.mark.parametrize("pooling", POOLINGS[:-1])
def test_sentence_transformers_reads_our_folders(folder, tmp_path, pooling):
    peer = pytest.importorskip("sentence_transformers")
    encoder = SentenceEncoder(folder, pooling=pooling, normalize=True)
    encoder.save(tmp_path)
    theirs = peer.SentenceTransformer(str(tmp_path), device="cpu").encode(TEXTS)
    assert np.allclose(theirs, encoder.encode(TEXTS), atol=1e-5)
    assert np.allclose(np.linalg.norm(theirs, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("options", [{}, {"embedding_size": 16, "state_size": 5}], ids=["post", "corrected"])
def test_sentence_transformers_reads_our_gru_once_it_is_registered(tmp_path, options):
    peer = pytest.importorskip("sentence_transformers")
    encoder = gru(**options)
    encoder.save(tmp_path)
    register()
    texts = [text for text in TEXTS if text]
    assert np.allclose(
        peer.SentenceTransformer(str(tmp_path), device="cpu").encode(texts), encoder.encode(texts), atol=1e-5
    )


@pytest.mark.parametrize("mode, activation", [("mean", "Tanh"), ("lasttoken", "Identity"), ("max", "GELU")])
def test_their_folders_are_read(folder, tmp_path, mode, activation):
    peer = pytest.importorskip("sentence_transformers")
    from sentence_transformers.sentence_transformer import modules

    body = modules.Transformer(str(folder))
    body.max_seq_length = 30
    size = body.get_embedding_dimension()
    dense = modules.Dense(size, 5, activation_function=getattr(torch.nn, activation)())
    theirs = peer.SentenceTransformer(
        modules=[body, modules.Pooling(size, mode), dense, modules.Normalize()], device="cpu"
    )
    theirs.save(str(tmp_path))
    encoder = SentenceEncoder(tmp_path)
    assert (encoder.size, encoder.max_length, encoder.normalized) == (5, 30, True)
    assert np.allclose(encoder.encode(TEXTS), theirs.encode(TEXTS), atol=1e-5)
    encoder.save(tmp_path / "again")
    assert np.allclose(SentenceEncoder(tmp_path / "again").encode(TEXTS), theirs.encode(TEXTS), atol=1e-5)


def test_int8_keeps_the_vectors_and_a_quarter_of_the_bytes(tmp_path):
    for name, made in (
        ("bert", SentenceEncoder(make_model("bert").bert, tokenizer=make_tokenizer())),
        ("gru", gru()),
    ):
        place = made.save(tmp_path / name)
        full = (place / "model.safetensors").stat().st_size
        assert made.save(place, int8=True) == place  # in place of the other form
        assert not (place / "model.safetensors").exists()
        assert (place / "model.int8.safetensors").stat().st_size < full / 2  # a small model is half header
        expected, found = (one.encode(TEXTS, normalize=True) for one in (made, SentenceEncoder(place)))
        assert (expected * found).sum(1)[expected.any(1)].min() > 0.99
        made.save(place)
        assert not (place / "model.int8.safetensors").exists()


def test_whitening_is_a_layer_that_is_kept(folder, tmp_path):
    encoder = SentenceEncoder(folder, normalize=True)
    texts = [one + other for one in "电网变压器检修今天气" for other in ["很好", "大学", "研究，", "。"]]
    plain = SentenceEncoder(folder).encode(texts)
    learnt = Whitening(4).fit(torch.from_numpy(plain))
    wanted = learnt.transform(torch.from_numpy(plain), normalize=True).numpy()
    encoder.whiten(texts, 4)
    assert encoder.size == 4 and encoder.normalized
    assert np.allclose(encoder.encode(texts), wanted, atol=1e-4)
    given = SentenceEncoder(folder, whitening=learnt)
    assert np.allclose(given.encode(texts, normalize=True), wanted, atol=1e-4)
    encoder.save(tmp_path)
    assert np.allclose(SentenceEncoder(tmp_path).encode(texts), encoder.encode(texts), atol=1e-6)
    with pytest.raises(ValueError, match=r"learnt of vectors of 32 features: expected 4"):
        SentenceEncoder(tmp_path, whitening=learnt)


def test_gru_same_seed_same_vectors_and_an_empty_text():
    first, second, other = gru(seed=1), gru(seed=1), gru(seed=2)
    assert np.array_equal(first.encode(TEXTS), second.encode(TEXTS))
    assert not np.array_equal(first.encode(TEXTS), other.encode(TEXTS))
    assert not first.encode(TEXTS)[4].any() and first.encode(TEXTS)[0].any()
    assert first.max_length == 32 and first.encode(["没见过的字"]).shape == (1, 16)


def test_gru_that_corrects_characters_begins_by_their_rarity():
    encoder = gru(embedding_size=16, state_size=5, seed=1)
    assert encoder.pooling == "mean" and encoder.encode(TEXTS).shape == (len(TEXTS), 16)
    assert not encoder.encode(TEXTS)[4].any()
    weights = encoder.network.transformer.character_weight.weight[:, 0].detach()
    seen = {}
    for text in TEXTS:
        for entry in set(encoder.tokenizer(text)["input_ids"][:32]):
            seen[entry] = seen.get(entry, 0) + 1
    commonest = max(seen, key=seen.get)
    assert weights[commonest] == weights[1:].min() and weights[1:].mean() == pytest.approx(1)
    again = gru(embedding_size=16, state_size=5, seed=1)
    assert np.allclose(again.encode(TEXTS[::-1])[::-1], encoder.encode(TEXTS), atol=1e-6)


def test_making_an_encoder_leaves_the_seeds_of_others():
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    gru(pooling="attention")
    assert torch.equal(torch.rand(3), wanted)


def test_length_can_grow_again_up_to_the_positions(folder, tmp_path):
    SentenceEncoder(folder, max_length=8).save(tmp_path)
    assert SentenceEncoder(tmp_path, max_length=40).max_length == 40
    with pytest.raises(ValueError, match=r"max_length=1,000 is not possible: the model has 64 positions"):
        SentenceEncoder(tmp_path, max_length=1000)


def test_roformer_is_trained_by_the_quicker_pass_with_the_same_vectors(tmp_path):
    save_checkpoint(tmp_path, "roformer")
    encoder = SentenceEncoder(tmp_path)
    encoder.network.train()
    for module in encoder.network.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    vectors = encoder.network(**encoder.tokenize(TEXTS))
    vectors.square().sum().backward()
    assert encoder.network.transformer.encoder.layer[0].attention.self.key.weight.grad.any()
    assert np.allclose(vectors.detach().numpy(), encoder.encode(TEXTS), atol=1e-5)


def test_other_numbers_and_copies(encoder):
    near, exact = encoder.encode(TEXTS, dtype="bfloat16"), encoder.encode(TEXTS)
    cosine = (near * exact).sum(1) / np.linalg.norm(near, axis=1) / np.linalg.norm(exact, axis=1)
    whitened = copy.deepcopy(encoder).whiten([text + other for text in TEXTS for other in TEXTS], 3)
    assert whitened.encode(TEXTS, dtype="bfloat16").shape == (7, 3)
    assert near.dtype == np.float32 and cosine.min() > 0.99 and not np.array_equal(near, exact)
    assert np.array_equal(pickle.loads(pickle.dumps(gru(seed=3))).encode(TEXTS), gru(seed=3).encode(TEXTS))


def test_nothing_and_what_is_no_text(encoder):
    assert encoder.encode([]).shape == (0, encoder.size)
    with pytest.raises(TypeError, match="got int as text 1"):
        encoder.encode(["电", 3])
    with pytest.raises(TypeError, match="expected a text or an iterable"):
        encoder.encode(3)
    with pytest.raises(TypeError, match=r"Next: tokenize\(\[text\]\)"):
        encoder.tokenize("电网")


def test_a_vector_that_is_not_finite_is_said():
    encoder = gru()
    with torch.no_grad():
        encoder.network.transformer.gru.bias_hh_l0.fill_(float("nan"))
    with pytest.raises(ValueError, match=r"nan or infinite numbers for '变压器检修'"):
        encoder.encode(TEXTS)


def test_what_ships_is_loaded_by_the_door_alone():
    encoder = load_encoder(device="cpu")
    assert isinstance(encoder, CharacterNgramEncoder) and encoder.encode("电网").shape == (1024,)
    assert isinstance(load_encoder("zhnlp-mlm-small"), SentenceEncoder)
    with pytest.raises(ValueError, match=r"bag of characters: expected a network\. Next: load_encoder"):
        SentenceEncoder("zhnlp-sentence-small")
    with pytest.raises(TypeError, match="got pooling: expected a network"):
        load_encoder(pooling="mean")


def test_another_pooling_than_that_of_the_folder_is_refused(folder, tmp_path):
    SentenceEncoder(folder, pooling="cls").save(tmp_path)
    with pytest.raises(ValueError, match="pools by cls, and pooling='mean' was asked for"):
        SentenceEncoder(tmp_path, pooling="mean")


BROKEN = [
    ("modules.json", lambda rows: rows[:1], "names no Pooling"),
    (
        "modules.json",
        lambda rows: [*rows, {**rows[1], "type": "sentence_transformers.models.CNN"}],
        "names .*CNN",
    ),
    ("modules.json", lambda rows: rows[::-1], "names .*Pooling in this place"),
    ("modules.json", lambda rows: [rows[0], {**rows[1], "path": "../x"}], "inside the folder"),
    ("1_Pooling/config.json", lambda one: {"pooling_mode": ["mean", "max"]}, "pools by mean and max"),
    ("1_Pooling/config.json", lambda one: {"pooling_mode": "weightedmean"}, "pools by weightedmean"),
    ("sentence_bert_config.json", lambda one: {"transformer_task": "fill-mask"}, "asks for fill-mask"),
    (
        "config_sentence_transformers.json",
        lambda one: {"default_prompt_name": "query"},
        "puts the prompt 'query'",
    ),
]


@pytest.mark.parametrize("file, change, said", BROKEN, ids=[f"{number}" for number in range(len(BROKEN))])
def test_parts_that_are_not_known_are_refused(folder, tmp_path, file, change, said):
    SentenceEncoder(folder).save(tmp_path)
    place = tmp_path / file
    place.write_text(json.dumps(change(json.loads(place.read_text("utf-8")))), "utf-8")
    with pytest.raises(ValueError, match=said):
        SentenceEncoder(tmp_path)


def test_pickles_are_refused(folder, tmp_path):
    SentenceEncoder(folder, pooling="attention").save(tmp_path)
    (tmp_path / "1_Pooling" / "model.safetensors").rename(tmp_path / "1_Pooling" / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"pickles .* are never opened"):
        SentenceEncoder(tmp_path)


def test_lower_case_of_old_folders(folder, tmp_path):
    SentenceEncoder(folder).save(tmp_path)
    place = tmp_path / "sentence_bert_config.json"
    place.write_text(json.dumps({"max_seq_length": 32, "do_lower_case": True}), "utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        encoder = SentenceEncoder(tmp_path)
    assert np.array_equal(encoder.encode("ABC"), encoder.encode("abc"))
