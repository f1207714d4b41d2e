"""evaluate_lexicon and gold_words: by hand, properties, refusals."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import zhnlp.metrics
from zhnlp.metrics import evaluate_lexicon, gold_words

WORDS = st.lists(st.text("电力变压器断路", min_size=1, max_size=3), min_size=1, max_size=20, unique=True)


def test_hand_computed_scores():
    # hits at ranks 1, 3, 4 of 5; 4 gold words, 词典 never found
    predicted = ["云计算", "的是", "区块链", "数据库", "了一"]
    score = evaluate_lexicon(predicted, ["云计算", "区块链", "数据库", "词典"], k=(1, 2, 4))
    assert score["primary_metric"] == "average_precision"
    assert score["average_precision"] == pytest.approx((1 / 1 + 2 / 3 + 3 / 4) / 4)
    assert (score["precision"], score["recall"]) == (3 / 5, 3 / 4)
    assert score["f1"] == pytest.approx(2 * 0.6 * 0.75 / (0.6 + 0.75))
    assert score["precision_at"] == {1: 1.0, 2: 0.5, 4: 0.75}
    assert (score["hits"], score["predicted_words"], score["gold_words"], score["duplicates"]) == (3, 5, 4, 0)


def test_rows_of_tables_are_read():
    rows = [{"word": "云计算", "score": 2.0}, {"term": "区块链", "score": 1.0}]
    assert evaluate_lexicon(rows, ["区块链"], k=2)["average_precision"] == 0.5


def test_repeats_count_once_and_are_said():
    with pytest.warns(UserWarning, match="1 of 3 predicted words are repeats"):
        score = evaluate_lexicon(["云计算", "云计算", "区块链"], ["区块链"], k=2)
    assert score["duplicates"] == 1 and score["predicted_words"] == 2
    assert score["average_precision"] == 0.5  # 区块链 moves up to rank 2


def test_k_beyond_the_list_is_said():
    with pytest.warns(UserWarning, match=r"k=\[100\] reach beyond the list of 2 words"):
        score = evaluate_lexicon(["云计算", "的是"], ["云计算"], k=(1, 100))
    assert score["precision_at"] == {1: 1.0, 100: 0.5}
    assert score["evaluated_at"] == {1: 1, 100: 2}


def test_empty_prediction_warns_and_scores_zero():
    with pytest.warns(UserWarning, match="predicted list is empty"):
        score = evaluate_lexicon([], ["云计算"])
    assert score["precision_at"][100] == 0.0 and score["evaluated_at"][100] == 0
    assert score["precision"] == score["recall"] == score["f1"] == score["average_precision"] == 0.0


def test_result_can_be_written_as_json():
    assert json.loads(json.dumps(evaluate_lexicon(["云"], ["云"], k=1)))["precision_at"] == {"1": 1.0}


@given(WORDS)
def test_perfect_prediction_scores_one(words):
    score = evaluate_lexicon(words, words, k=len(words))
    ones = (score["average_precision"], score["precision"], score["recall"], score["f1"])
    assert ones == (1.0, 1.0, 1.0, 1.0) and score["precision_at"][len(words)] == 1.0


@given(WORDS, WORDS)
def test_swapping_gold_and_prediction_swaps_precision_and_recall(left, right):
    forth, back = evaluate_lexicon(left, right, k=1), evaluate_lexicon(right, left, k=1)
    assert (forth["precision"], forth["recall"]) == (back["recall"], back["precision"])
    assert forth["f1"] == back["f1"]


@given(WORDS, WORDS, st.randoms(use_true_random=False))
def test_only_ranking_numbers_change_with_the_order_and_best_first_is_best(words, gold, random):
    shuffled = random.sample(words, len(words))
    best_first = sorted(words, key=lambda word: word not in gold)
    one, other = evaluate_lexicon(shuffled, gold, k=1), evaluate_lexicon(best_first, gold, k=1)
    assert (one["precision"], one["recall"], one["hits"]) == (
        other["precision"],
        other["recall"],
        other["hits"],
    )
    assert one["average_precision"] <= other["average_precision"] + 1e-12
    assert other["average_precision"] == pytest.approx(other["recall"])


@pytest.mark.parametrize("unordered", [{"云计算"}, {"云计算": 3}, frozenset({"云"}), "云计算"])
def test_predictions_without_order_are_refused(unordered):
    with pytest.raises(TypeError, match="ranked best first"):
        evaluate_lexicon(unordered, ["云计算"])


def test_pairs_strings_empty_gold_and_bad_k_are_refused():
    with pytest.raises(TypeError, match="for word, score in pairs"):
        evaluate_lexicon([("云计算", 1.0)], ["云计算"])
    with pytest.raises(TypeError, match="got one string as gold"):
        evaluate_lexicon(["云计算"], "云计算")
    with pytest.raises(ValueError, match="gold holds no word"):
        evaluate_lexicon(["云计算"], [])
    with pytest.raises(ValueError, match="k=0"):
        evaluate_lexicon(["云计算"], ["云计算"], k=0)


def test_gold_words_reads_a_counted_lexicon(tmp_path):
    path = tmp_path / "IT.txt"
    path.write_text(
        "\ufeff程序\t9\n5G基站\t3\n云计算\t7\n程序\t9\n\n表\t1\n面向对象编程\t2\n〇号机\t1\n",
        encoding="utf-8",
    )
    assert gold_words(path) == ["程序", "云计算", "〇号机"]
    assert gold_words(str(path), han_only=False, max_length=8) == [
        "程序",
        "5G基站",
        "云计算",
        "面向对象编程",
        "〇号机",
    ]
    assert gold_words(path, counts={"程序": 5, "云计算": 4}, min_count=5) == ["程序"]


def test_gold_words_refuses_half_a_filter_and_a_missing_file(tmp_path):
    with pytest.raises(ValueError, match="min_count without counts"):
        gold_words(["程序"], min_count=5)
    with pytest.raises(ValueError, match="counts without min_count"):
        gold_words(["程序"], counts={})
    with pytest.raises(ValueError, match="min_length=3, max_length=2"):
        gold_words(["程序"], min_length=3, max_length=2)
    with pytest.raises(FileNotFoundError, match="one word a line"):
        gold_words(tmp_path / "none.txt")


def test_unknown_names_of_the_package_list_the_known_ones():
    with pytest.raises(
        AttributeError, match="evaluate_cws, evaluate_factoids, evaluate_language_model, evaluate_lexicon"
    ):
        zhnlp.metrics.evaluate_nothing  # noqa: B018
    assert set(zhnlp.metrics.__all__) <= set(dir(zhnlp.metrics))
