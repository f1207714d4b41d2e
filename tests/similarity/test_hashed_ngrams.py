import numpy as np
import pytest

from zhnlp.similarity import HashedNgrams, load_encoder


def test_lengths_width_case_and_blanks():
    vectors = HashedNgrams().encode(["ＡＰＰ 退款", "app退款", "", "退款"])
    assert (vectors[0] == vectors[1]).all() and not vectors[2].any()
    np.testing.assert_allclose(np.linalg.norm(vectors[[0, 3]], axis=1), 1, rtol=1e-6)


def test_single_characters_by_hand():
    one = HashedNgrams(width=10_007, longest=1).encode(["电网电", "电"])
    many, single = 1 + np.log(2), 1
    assert one[0] @ one[1] == pytest.approx(many / np.hypot(many, single), abs=1e-6)


def test_question_words_weigh_little():
    first, second, third = HashedNgrams(4096).encode(["怎么退款", "如何退款", "怎么付钱"])
    assert first @ second > 0.6 > 0.2 > first @ third


def test_saved_and_loaded_by_name(tmp_path):
    encoder = HashedNgrams(64, 2)
    encoder.save(tmp_path)
    assert (load_encoder(tmp_path).encode(["退款"]) == encoder.encode(["退款"])).all()
    (tmp_path / "hashed_ngrams.json").write_text("[]")
    with pytest.raises(ValueError, match=r"not one of HashedNgrams\.save"):
        HashedNgrams.load(tmp_path)
    with pytest.raises(ValueError, match="width=0"):
        HashedNgrams(0)
