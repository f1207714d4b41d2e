"""What the benchmark of readers is made of, on small networks: the same batch for both, parts that add up.

Run: pytest tests/benchmarks/test_reading_speed.py
"""

import sys
from pathlib import Path

import torch

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import reading_speed  # noqa: E402

from zhnlp.reading import PassageReader  # noqa: E402

TEXTS = ["小王住在城东，每天在银行上班，周末休息。", "天气很好，大家都去公园散步，孩子们最高兴"]


def test_both_networks_read_the_batch():
    engine = reading_speed.dgcnn(TEXTS, 0)
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    bert = reading_speed.bert(0, **small, vocab_size=50, max_position_embeddings=32)
    systems = reading_speed.networks(engine, bert, TEXTS, 20)
    assert systems["DGCNN, float32"][1] == 20
    assert systems["BERT-base reader, float32"][1] == 32 - reading_speed.ASKED - 3
    found = reading_speed.in_turns({name: run for name, (run, _) in systems.items()}, 1)
    assert all(0 < cpu < 60 for _, cpu in found.values())


def test_bert_reads_question_and_passage_within_its_positions():
    batch = reading_speed.bert_batch(2, 500, 15, 512, 100)
    assert batch["input_ids"].shape == (2, 512)
    assert batch["passage_mask"].sum().item() == 2 * (512 - 18)
    assert torch.equal(batch["passage_mask"], batch["token_type_ids"])


def test_parts_of_a_question():
    reader = PassageReader(progress=False)
    reader._engines = [reading_speed.dgcnn(TEXTS, 0)]
    found = reading_speed.one_question(reader, TEXTS, 3)
    assert 0 < found["cpu_ms_best"] <= found["cpu_ms"]
    parts = sum(found[name] for name in ("texts_ms", "network_ms", "search_ms"))
    assert abs(parts - found["cpu_ms"]) < 1e-6
