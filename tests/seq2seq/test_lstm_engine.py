"""The engine "lstm": its vocabulary and batches by hand, decoding from what was read, files, and a task that it learns."""

import random

import numpy as np
import pytest
import torch
from transformers import BartConfig, BartForConditionalGeneration

from zhnlp.models.lstm_seq2seq import LSTMSeq2SeqConfig, LSTMSeq2SeqLM
from zhnlp.seq2seq.engines.lstm import LSTMEngine
from zhnlp.training.seeds import own_randomness

ARTICLES = ["今天上午变压器检修完毕。", "昨天下午线路巡视结束了，天气㸃很好。", "今天下午检修"]
TITLES = ["变压器检修", "线路㸃巡视", "检修"]
SMALL = {
    "min_count": 1,
    "latin_pieces": 0,
    "hidden_size": 16,
    "num_heads": 2,
    "max_source": 20,
    "max_target": 6,
}


def made(**options):
    return LSTMEngine.new(None, ARTICLES, TITLES, **SMALL | options)


def greedy(engine, articles, length):
    """Ids that are written by always taking the likeliest token, the end included."""
    engine.module.eval()
    step, tokens, cache = engine.begin(engine.reader.read(articles))
    written = [[] for _ in articles]
    with torch.inference_mode():
        for _ in range(length):
            logits, cache, _ = step(tokens, cache)
            tokens = logits.argmax(-1, keepdim=True)
            for row, token in zip(written, tokens[:, 0].tolist()):
                if engine.end not in row:
                    row.append(token)
    return written


def test_the_vocabulary_is_that_of_the_pairs():
    engine = made(min_count=2)
    known = engine.tokenizer.get_vocab()
    assert {"检", "修", "。", "午", "㸃"} <= set(known)  # the last one in an article and in a title
    assert not {"毕", "昨", "，"} & set(known)
    assert "[COPY15]" in known and "[COPY0]" not in made(copy_slots=0).tokenizer.get_vocab()
    assert len(known) == engine.module.config.vocab_size


@pytest.mark.parametrize(("pairs", "expected"), [(1, 2), (1500, 3), (40_000, 32)])
def test_few_pairs_keep_rarer_characters(pairs, expected):
    articles = ["的"] * (pairs - 1) + ["的" + "多" * expected + "少" * (expected - 1)]
    engine = LSTMEngine.new(None, articles, [""] * pairs, hidden_size=16, num_heads=2, latin_pieces=0)
    known = engine.tokenizer.get_vocab()
    assert "多" in known and "少" not in known


def test_a_batch_by_hand():
    engine = made()
    pad, unknown, begin, end = (
        engine.tokenizer.convert_tokens_to_ids(t) for t in ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
    )
    batch = engine.batch([([30, 31, 32], [30]), ([33], [34, unknown])])
    assert {name: part.tolist() for name, part in batch.items()} == {
        "source_ids": [[30, 31, 32], [33, pad, pad]],
        "source_mask": [[1, 1, 1], [1, 0, 0]],
        "decoder_input_ids": [[begin, 30, pad], [begin, 34, unknown]],
        "labels": [[30, end, -100], [34, -100, end]],
    }


def test_what_the_vocabulary_lacks_stands_in_a_copy_slot_of_source_and_title():
    engine = LSTMEngine.new(None, ARTICLES, TITLES, **SMALL | {"min_count": 3})
    (source, target) = engine.pairs([ARTICLES[1]], [TITLES[1]])[0]
    slot = next(slot for slot, surface in source.slots.surfaces.items() if surface == "㸃")
    assert slot in source.ids and target[2] == slot
    assert engine.reader.text(target, source) == TITLES[1]
    assert slot not in engine.forbidden(source) and engine.end not in engine.forbidden(source)


@torch.no_grad()
def test_decoding_from_what_was_read_is_the_likeliest_of_the_whole_row():
    engine = made()
    written = greedy(engine, ARTICLES, 5)
    for (source, _), row in zip(engine.pairs(ARTICLES, TITLES), written):
        batch = engine.batch([(source.ids, row[:-1])])
        batch.pop("labels")
        assert engine.module(**batch)["logits"].argmax(-1).tolist() == row


def test_one_article_and_several_give_the_same():
    engine = made()
    assert greedy(engine, ARTICLES, 5) == [greedy(engine, [article], 5)[0] for article in ARTICLES]


def test_an_empty_article_gives_numbers():
    engine = made()
    assert engine.batch([([], [30])])["source_mask"].tolist() == [[0]]
    (alone,), beside = greedy(engine, [""], 3), greedy(engine, ["", ARTICLES[0]], 3)
    assert alone == beside[0]
    loss = engine.module(**engine.collate(engine.pairs(["", ARTICLES[0]], ["检修", "检修"])))["loss"]
    assert bool(loss.isfinite())


@torch.no_grad()
def test_a_saved_engine_says_the_same(tmp_path):
    engine = made(dropout=0.2, copy_slots=3)
    engine.save(tmp_path)
    again = LSTMEngine.load(tmp_path, max_source=20, max_target=6, device="cpu")
    assert again.tokenizer.get_vocab() == engine.tokenizer.get_vocab()
    assert again.reader.slots.ids == engine.reader.slots.ids
    pairs = [(source.ids, target) for source, target in engine.pairs(ARTICLES, TITLES)]
    found, expected = again.module.eval()(**again.batch(pairs)), engine.module.eval()(**engine.batch(pairs))
    torch.testing.assert_close(found, expected, atol=0, rtol=0)


def test_training_goes_on_from_a_saved_engine(tmp_path):
    engine = made()
    engine.save(tmp_path)
    again = LSTMEngine.new(tmp_path, ["别的文章"], ["别的"], max_source=9, max_target=4, device="cpu")
    assert again.tokenizer.get_vocab() == engine.tokenizer.get_vocab() and again.reader.max_source == 9
    assert torch.equal(again.module.transform.weight, engine.module.transform.weight)


def test_a_seed_gives_the_same_weights_and_moves_no_other_random_numbers():
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    first, second, other = made(seed=1), made(seed=1), made(seed=2)
    assert torch.equal(torch.rand(1), expected)
    weights = [engine.module.transform.weight for engine in (first, second, other)]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


def test_options_reach_the_network():
    engine = made(copy_prior=False, dropout=0.25)
    assert engine.module.prior is None and engine.module.dropout.p == 0.25


def test_what_does_not_fit_is_refused(tmp_path):
    engine = made()
    other = LSTMSeq2SeqLM(LSTMSeq2SeqConfig(vocab_size=50, hidden_size=16, num_heads=2))
    with pytest.raises(ValueError, match="the network 50: expected the same"):
        LSTMEngine(other, engine.tokenizer, max_source=20, max_target=6)
    with pytest.raises(ValueError, match="max_target=0"):
        LSTMEngine(engine.module, engine.tokenizer, max_source=20, max_target=0)
    with pytest.raises(ValueError, match="holds no character"):
        LSTMEngine.new(None, [""], [""])
    engine.tokenizer.pad_token = None
    with pytest.raises(ValueError, match="no pad_token"):
        LSTMEngine(engine.module, engine.tokenizer, max_source=20, max_target=6)


def test_the_folder_of_another_engine_is_refused(tmp_path):
    sizes = {
        "vocab_size": 9,
        "d_model": 8,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_ffn_dim": 8,
        "decoder_ffn_dim": 8,
    }
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "max_position_embeddings": 8}
    BartForConditionalGeneration(BartConfig(**sizes, **heads)).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="of the kind bart: expected lstm-seq2seq"):
        LSTMEngine.load(tmp_path, max_source=20, max_target=6)
    with pytest.raises(ValueError, match="no seq2seq-lm model"):
        LSTMEngine.new("zhnlp-mlm-small", ARTICLES, TITLES)


# --- a task: the three characters between the marks, which no count of characters tells ------------------------------

CHARACTERS = [chr(0x4E00 + 75 * number) for number in range(40)]


def marked(count, seed):
    rng = random.Random(seed)
    articles, titles = [], []
    for _ in range(count):
        text = rng.choices(CHARACTERS, k=rng.randint(11, 17))
        begin = rng.randint(0, len(text) - 3)
        titles.append("".join(text[begin : begin + 3]))
        articles.append("".join([*text[:begin], "《", *text[begin : begin + 3], "》", *text[begin + 3 :]]))
    return articles, titles


@pytest.mark.slow
def test_copying_is_learnt_from_300_pairs():
    engine = LSTMEngine.new(
        None, *marked(300, 0), min_count=1, latin_pieces=0, hidden_size=64, max_source=30, max_target=5
    )
    pairs, model = engine.pairs(*marked(300, 0)), engine.module.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    with own_randomness(0):
        for _ in range(30):
            for rows in np.random.permutation(len(pairs)).reshape(-1, 30):
                optimizer.zero_grad()
                model(**engine.collate([pairs[row] for row in rows]))["loss"].backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
    articles, titles = marked(50, 1)
    sources = engine.reader.read(articles)
    written = [
        engine.reader.text(row[:-1], source) for row, source in zip(greedy(engine, articles, 4), sources)
    ]
    assert sum(one == title for one, title in zip(written, titles)) >= 45
