"""The engine "encoder-decoder" on tiny T5, mT5, T5-PEGASUS and BART: batches, steps, transformers' own search, files, refusals.

Run: pytest tests/seq2seq/test_encoder_decoder_engine.py
"""

from dataclasses import replace

import pytest
import torch
import transformers
from small_models import save_checkpoint
from tiny_seq2seq import SEQ2SEQ, copies, learn_to_copy

from zhnlp.decoding import generate
from zhnlp.models.encoder_decoder import EncoderDecoder
from zhnlp.seq2seq.engines.encoder_decoder import EncoderDecoderEngine
from zhnlp.seq2seq.generator import TitleGenerator
from zhnlp.training.regularizers import FGM, GradientPenalty, RandomTargetReplacement, ScheduledSampling

ARTICLES = ["的一是", "不的", "一一是不的是不", "是", "不不一的"]
TITLES = ["的一是", "不的", "一一", "是", "不的一"]
SIZES = {"max_source": 30, "max_target": 10}


@pytest.fixture(scope="module", params=SEQ2SEQ)
def folder(request, tmp_path_factory):
    return SEQ2SEQ[request.param](tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def engine(folder):
    """It has learnt to copy three characters."""
    return learn_to_copy(EncoderDecoderEngine.new(folder, **SIZES))


def made(name, folder, **options):
    return EncoderDecoderEngine.new(SEQ2SEQ[name](folder), **{**SIZES, **options})


# --- batches ---------------------------------------------------------------------------------------------------


def test_a_batch_of_t5_by_hand(tmp_path):
    engine = made("t5", tmp_path, copy_slots=0)
    batch = engine.batch([([10, 11, 12], [13, 14]), ([15], [16, 2, 17])])  # 2 is <unk>
    assert batch["input_ids"].tolist() == [[10, 11, 12, 1], [15, 1, 0, 0]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]]
    assert batch["decoder_input_ids"].tolist() == [[0, 13, 14, 0], [0, 16, 2, 17]]
    assert batch["labels"].tolist() == [[13, 14, 1, -100], [16, -100, 17, 1]]


def test_a_batch_of_bart_reads_two_tokens_before_the_title(tmp_path):
    engine = made("bart", tmp_path, copy_slots=0)
    batch = engine.batch([([10, 11], [12]), ([13], [14, 15])])
    assert batch["input_ids"].tolist() == [[2, 10, 11, 3], [2, 13, 3, 0]]
    assert batch["decoder_input_ids"].tolist() == [[3, 2, 12, 0], [3, 2, 14, 15]]
    assert batch["labels"].tolist() == [[-100, 12, 3, -100], [-100, 14, 15, 3]]


def test_what_titles_begin_and_end_with(tmp_path):
    for name, prefix, end in (("t5", [0], 1), ("t5-pegasus", [2], 3), ("bart", [3, 2], 3)):
        engine = made(name, tmp_path / name)
        assert (engine.prefix, engine.end) == (prefix, end)
    engine = made("byte-bart", tmp_path / "byte")
    assert engine.prefix == [engine.end] == [engine.tokenizer.convert_tokens_to_ids("<|im_end|>")]


def test_the_loss_is_the_mean_over_labels(engine):
    batch = engine.collate(engine.pairs(ARTICLES, TITLES))
    found = engine.module(**batch)
    with torch.no_grad():
        inputs = {name: value for name, value in batch.items() if name != "labels"}
        logits = engine.module.network(**inputs).logits
    where = batch["labels"] != -100
    likely = logits.log_softmax(-1).gather(-1, batch["labels"].clamp(min=0)[..., None])[..., 0]
    torch.testing.assert_close(found["loss"], -likely[where].mean())
    torch.testing.assert_close(found["logits"], logits[where])
    without = engine.module(**inputs)
    torch.testing.assert_close(without["logits"], logits.flatten(0, 1))
    assert set(without) == {"logits"}


# --- steps -----------------------------------------------------------------------------------------------------


def logits_behind(engine, source, written):
    """Of the whole target at once, without a cache."""
    batch = engine.batch([(source.ids, written)])
    del batch["labels"]
    return engine.module.network(**batch).logits[0, -1]


@torch.no_grad()
def test_cached_steps_of_rows_repeated_mixed_and_left_out(engine):
    sources = engine.reader.read(ARTICLES[:3])
    step, tokens, cache = engine.begin(sources)
    words = engine.reader.target("的一是不的不一的是一是不的不", sources[0])
    owners, written = [0, 1, 2], [[], [], []]
    for rows in ([0, 0, 1, 1, 2, 2], [1, 0, 2, 2, 5, 4], [4, 0, 3, 3], [0, 1]):
        found = step(tokens, cache)
        for row, (owner, own) in enumerate(zip(owners, written)):
            expected = logits_behind(engine, sources[owner], own)
            torch.testing.assert_close(found.logits[row], expected, atol=1e-4, rtol=1e-4)
        cache = found.cache.select(torch.tensor(rows))
        owners = [owners[row] for row in rows]
        written = [[*written[row], words[number]] for number, row in enumerate(rows)]
        tokens = torch.tensor([own[-1:] for own in written])
    assert found.logits.shape[0] == 4 and (found.logits[2] - found.logits[1]).abs().max() > 0.1


@torch.no_grad()
def test_rows_may_be_repeated_before_the_first_step(engine):
    sources = engine.reader.read(ARTICLES[:2])
    step, tokens, cache = engine.begin(sources)
    rows = torch.tensor([1, 0, 1])
    found = step(tokens[rows], cache.select(rows))
    for row, owner in enumerate(rows):
        torch.testing.assert_close(
            found.logits[row], logits_behind(engine, sources[owner], []), atol=1e-4, rtol=1e-4
        )


@torch.no_grad()
def test_attention_is_shared_out_over_the_real_source(engine):
    step, tokens, cache = engine.begin(engine.reader.read(ARTICLES))
    share, mask = step(tokens, cache).attention, cache.mask
    assert share.shape == mask.shape
    torch.testing.assert_close(share.sum(1), torch.ones(5))
    assert (share[mask == 0] < 1e-6).all() and (share[mask == 1] > 0).all()


@torch.no_grad()
def test_other_kernels_write_the_same_and_say_nothing_of_attention(engine, tmp_path):
    engine.save(tmp_path)
    other = EncoderDecoderEngine.load(tmp_path, **SIZES)
    other.module.network.set_attn_implementation("sdpa")
    found = []
    for one in (engine, other):
        step, tokens, cache = one.begin(one.reader.read(ARTICLES))
        found.append(step(tokens, cache))
    torch.testing.assert_close(found[0].logits, found[1].logits, atol=1e-4, rtol=1e-4)
    assert found[1].attention is None


# --- searching and learning -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("beams", [1, 3])
@torch.no_grad()
def test_our_search_writes_what_transformers_writes(engine, beams):
    sources, most = engine.reader.read([*ARTICLES, *copies(7, seed=2)]), 6
    forbidden = engine.forbidden(sources[0])
    step, tokens, cache = engine.begin(sources)
    options = {"end": engine.end, "max_new_tokens": most, "beams": beams, "forbidden": forbidden}
    ours = generate(step, tokens, cache=cache, **options)
    batch = engine.batch([(source.ids, []) for source in sources])
    del batch["labels"]
    theirs = engine.module.network.generate(
        **batch,
        max_new_tokens=most,
        num_beams=beams,
        do_sample=False,
        bad_words_ids=[[number] for number in forbidden],
    )
    written = [row[len(engine.prefix) :].tolist() for row in theirs]
    written = [row[: row.index(engine.end)] if engine.end in row else row for row in written]
    assert [hypotheses[0].tokens for hypotheses in ours] == written
    assert len({tuple(row) for row in written}) > 5 and len({len(row) for row in written}) > 1


@torch.no_grad()
def test_a_saved_folder_writes_with_transformers_alone(engine, tmp_path):
    engine.save(tmp_path)
    network = transformers.AutoModelForSeq2SeqLM.from_pretrained(tmp_path)
    sources = engine.reader.read(ARTICLES[:2])
    step, tokens, cache = engine.begin(sources)
    ours = generate(step, tokens, cache=cache, end=engine.end, max_new_tokens=4)
    batch = engine.batch([(source.ids, []) for source in sources])
    inputs = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}
    theirs = network.generate(**inputs, max_new_tokens=3 + len(engine.prefix), do_sample=False)
    for (hypothesis,), row in zip(ours, theirs.tolist()):
        assert row[: len(engine.prefix)] == engine.prefix
        assert row[len(engine.prefix) :][: len(hypothesis.tokens)] == hypothesis.tokens


@torch.no_grad()
def test_a_copy_task_is_learnt(engine):
    texts = copies(40, seed=1)
    sources = engine.reader.read(texts)
    step, tokens, cache = engine.begin(sources)
    found = generate(step, tokens, cache=cache, end=engine.end, max_new_tokens=12)
    written = [engine.reader.text(one[0].tokens, source) for one, source in zip(found, sources)]
    assert sum(one == text for one, text in zip(written, texts)) >= 30


def test_the_generator_trains_it_with_all_parts_and_reads_it_again(tmp_path):
    texts = copies(80)
    pairs = list(zip(texts, texts))
    folder = SEQ2SEQ["mt5"](tmp_path / "mt5")
    generator = TitleGenerator(folder, engine="encoder-decoder", **SIZES, progress=False)
    parts = [RandomTargetReplacement(), ScheduledSampling(0.5, steps=2), GradientPenalty(0.01), FGM(0.1)]
    generator.fit(pairs, pairs[:8], epochs=2, learning_rate=3e-3, regularizers=parts)
    assert parts[1].state_dict() == {"seen": 6}
    written = generator.generate(texts[:5], coverage=0.2)
    generator.save(tmp_path / "kept")
    again = TitleGenerator(tmp_path / "kept", progress=False)
    for one, other in zip(again.generate(texts[:5], coverage=0.2), written, strict=True):
        assert one == {"title": other["title"], "score": pytest.approx(other["score"], abs=1e-5)}
    assert again.score(pairs[:5]) == pytest.approx(generator.score(pairs[:5]))


@torch.no_grad()
def test_an_article_of_which_nothing_is_left(engine):
    source = replace(engine.reader.read(ARTICLES[:1])[0], ids=[])
    step, tokens, cache = engine.begin([source])
    assert step(tokens, cache).logits.isfinite().all()
    assert engine.module(**engine.batch([([], [])]))["loss"].isfinite()


# --- words that are never written, files, refusals -------------------------------------------------------------


def test_rows_that_stand_for_no_text_are_forbidden(tmp_path):
    engine = made("mt5", tmp_path)
    engine.tokenizer.add_tokens(["<extra_id_7>"])  # a plain piece, as in google/mt5
    engine = EncoderDecoderEngine(engine.module.network, engine.tokenizer, **SIZES)
    source = engine.reader.read(["今天☂天气"])[0]
    slot = next(iter(source.slots.surfaces))
    forbidden, rows = {*engine.forbidden(source)}, engine.module.network.config.vocab_size
    pieces = engine.tokenizer.get_vocab()
    assert {*range(rows)} - {*pieces.values()} <= forbidden
    assert {pieces[name] for name in ("<pad>", "<unk>", "<extra_id_0>", "<extra_id_7>")} <= forbidden
    assert not {engine.end, slot, pieces["天"], pieces["▁"]} & forbidden
    assert len(forbidden) == len(engine.forbidden(source))


def test_what_the_vocabulary_lacks_is_copied_through_a_slot(tmp_path):
    engine = made("bart", tmp_path)
    ((source, target),) = engine.pairs(["今天㸃天气"], ["㸃天"])
    assert target[0] in engine.reader.slots.ids
    assert engine.reader.text(target, source) == "㸃天"
    assert engine.module.network.get_input_embeddings().weight.shape[0] == len(engine.tokenizer)


def test_a_tokenizer_that_knows_everything_has_no_slots(tmp_path):
    engine = made("byte-bart", tmp_path)
    assert engine.reader.slots.ids == [] and engine.front == engine.back == []
    ((source, target),) = engine.pairs(["今天☂天气"], ["☂天"])
    assert engine.reader.text(target, source) == "☂天"
    assert -100 not in engine.labels_of(target)


@torch.no_grad()
def test_saved_and_loaded_it_is_the_same(engine, tmp_path):
    engine.save(tmp_path)
    again = EncoderDecoderEngine.load(tmp_path, **SIZES)
    batch = engine.batch([(source.ids, target) for source, target in engine.pairs(ARTICLES, TITLES)])
    torch.testing.assert_close(again.module(**batch), engine.module(**batch))
    assert again.reader.slots.ids == engine.reader.slots.ids
    assert again.tokenizer.get_vocab() == engine.tokenizer.get_vocab()


def test_a_tied_weight_is_kept_once(tmp_path):
    from safetensors.torch import load_file, save_file

    for name, kept in (("t5", {"shared"}), ("mt5", {"shared", "lm_head"}), ("bart", {"shared"})):
        engine = made(name, tmp_path / name)
        save_file(engine.module.state_dict(), tmp_path / f"{name}.safetensors")
        state = load_file(tmp_path / f"{name}.safetensors")
        rows = engine.module.network.config.vocab_size
        assert {key.split(".")[-2] for key, value in state.items() if value.shape[0] == rows} == kept, name
        other = made(name, tmp_path / name)
        with torch.no_grad():
            for weight in other.module.parameters():
                weight.zero_()
        other.module.load_state_dict(state, strict=False)
        batch = engine.batch([([10, 11], [12])])
        torch.testing.assert_close(other.module(**batch), engine.module(**batch))


def test_refusals(tmp_path):
    with pytest.raises(ValueError, match="begins from a checkpoint: expected a folder or a Hub id"):
        EncoderDecoderEngine.new(**SIZES)
    folder = SEQ2SEQ["bart"](tmp_path / "bart")
    with pytest.raises(
        ValueError,
        match=r"need 42 and 12 positions, the model has 40 for each\. Next: max_source=38, max_target=10",
    ):
        EncoderDecoderEngine.new(folder, max_source=40, max_target=10)
    with pytest.raises(ValueError, match="max_source=0 is not possible"):
        EncoderDecoderEngine.new(folder, max_source=0, max_target=10)
    save_checkpoint(tmp_path / "bert", "bert")
    with pytest.raises(ValueError, match="kind bert, for which transformers has no seq2seq-lm model"):
        EncoderDecoderEngine.new(tmp_path / "bert", **SIZES)
    with pytest.raises(TypeError, match="BertForMaskedLM is no encoder-decoder with a head"):
        EncoderDecoder(transformers.AutoModelForMaskedLM.from_pretrained(tmp_path / "bert"))
    engine = made("t5", tmp_path / "t5")
    network, tokenizer = engine.module.network, engine.tokenizer
    network.config.decoder_start_token_id = network.generation_config.decoder_start_token_id = None
    with pytest.raises(ValueError, match="nothing says how a title begins"):
        EncoderDecoderEngine(network, tokenizer, **SIZES)
    network.config.decoder_start_token_id, tokenizer.eos_token = 0, None
    with pytest.raises(ValueError, match="nothing says how a title ends"):
        EncoderDecoderEngine(network, tokenizer, **SIZES)
