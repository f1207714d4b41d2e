"""evaluate_segmentation: by hand, by brute force, against diff, refusals, and the PKU gold file."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.metrics import evaluate_cws, evaluate_segmentation

DATA = Path(os.environ.get("ZHNLP_DATA", Path(__file__).parents[3] / "shared" / "data"))


@st.composite
def two_segmentations(draw):
    """Sentences of different characters a sentence, cut in two independent ways."""
    gold, predicted = [], []
    for _ in range(draw(st.integers(0, 4))):
        length = draw(st.integers(0, 12))
        text = "".join(chr(0x4E00 + place) for place in range(length))
        for side in (gold, predicted):
            cuts = draw(st.lists(st.booleans(), min_size=length, max_size=length))
            words, start = [], 0
            for place in range(1, length + 1):
                if place == length or cuts[place]:
                    words.append(text[start:place])
                    start = place
            side.append(words)
    return gold, predicted


def brute_force_f1(gold, predicted):
    """F1 from sets of (sentence, start, end), written independently of the package."""

    def spans(sentences):
        found = set()
        for number, words in enumerate(sentences):
            at = 0
            for word in words:
                found.add((number, at, at + len(word)))
                at += len(word)
        return found

    true, test = spans(gold), spans(predicted)
    if not true or not test or not true & test:
        return 0.0
    precision, recall = len(true & test) / len(test), len(true & test) / len(true)
    return 2 * precision * recall / (precision + recall)


def test_hand_computed_scores():
    # gold      共同 创造 美好 的 新世纪        matches: 共同, 创造, 的
    # predicted 共同 创造 美 好 的 新 世纪      美好→美+好 (1 sub, 1 ins), 新世纪→新+世纪 (1 sub, 1 ins)
    score = evaluate_segmentation(
        ["共同 创造 美好 的 新世纪"], ["共同 创造 美 好 的 新 世纪"], train_words={"共同", "的", "美好"}
    )
    assert score["primary_metric"] == "f1"
    assert (score["true_words"], score["test_words"], score["matched_words"]) == (5, 7, 3)
    assert score["precision"] == 3 / 7 and score["recall"] == 3 / 5
    assert score["f1"] == pytest.approx(2 * (3 / 7) * (3 / 5) / (3 / 7 + 3 / 5))
    assert (score["substitutions"], score["insertions"], score["deletions"]) == (2, 2, 0)
    assert score["changes"] == 4
    assert score["oov_rate"] == 2 / 5  # 创造, 新世纪
    assert score["oov_recall"] == 1 / 2  # 创造
    assert score["iv_recall"] == 2 / 3  # 共同, 的; not 美好


def test_words_joined_wrongly_are_deletions():
    score = evaluate_segmentation([["中", "国", "人"], ["好"]], [["中国人"], ["好"]])
    assert (score["substitutions"], score["insertions"], score["deletions"]) == (1, 0, 2)
    assert score["matched_words"] == 1 and score["sentences"] == 2


def test_repeated_characters_match_by_place_not_by_form():
    score = evaluate_segmentation([["的", "的的"]], [["的的", "的"]])  # diff would pair one equal word
    assert score["matched_words"] == 0 and score["f1"] == 0.0


def test_strings_and_lists_agree_and_blank_sentences_count_nothing():
    strings = evaluate_segmentation(["今天  很 好 ", "", " "], ["今天 很好", " ", ""])
    lists = evaluate_segmentation([["今天", "很", "好"], [], [" "]], iter([["今天", " ", "很好"], [""], []]))
    assert strings == lists
    assert strings["sentences"] == 3 and strings["true_words"] == 3 and strings["test_words"] == 2


def test_without_training_words_the_oov_scores_are_none():
    score = evaluate_segmentation(["好 的"], ["好 的"])
    assert score["oov_rate"] is score["oov_recall"] is score["iv_recall"] is None
    all_known = evaluate_segmentation(["好 的"], ["好 的"], train_words=["好", "的"])
    assert (all_known["oov_rate"], all_known["oov_recall"], all_known["iv_recall"]) == (0.0, None, 1.0)


def test_the_name_of_the_specification_is_the_same_function():
    assert evaluate_cws is evaluate_segmentation


@given(two_segmentations())
@pytest.mark.filterwarnings("ignore:no word in gold")
def test_f1_equals_brute_force_and_counts_add_up(sentences):
    gold, predicted = sentences
    score = evaluate_segmentation(gold, predicted)
    assert score["f1"] == pytest.approx(brute_force_f1(gold, predicted))
    assert score["matched_words"] + score["deletions"] + score["substitutions"] == score["true_words"]
    assert score["matched_words"] + score["insertions"] + score["substitutions"] == score["test_words"]


@given(two_segmentations())
@pytest.mark.filterwarnings("ignore:no word in gold")
def test_swapping_the_sides_swaps_precision_and_recall(sentences):
    gold, predicted = sentences
    forth, back = evaluate_segmentation(gold, predicted), evaluate_segmentation(predicted, gold)
    assert (forth["precision"], forth["recall"]) == (back["recall"], back["precision"])
    assert (forth["insertions"], forth["deletions"]) == (back["deletions"], back["insertions"])
    assert forth["f1"] == back["f1"]


@given(two_segmentations())
@pytest.mark.filterwarnings("ignore:no word in gold")
def test_perfect_prediction_scores_one(sentences):
    gold, _ = sentences
    words = {word for sentence in gold for word in sentence}
    score = evaluate_segmentation(gold, gold, train_words=list(words)[::2])
    expected = 1.0 if words else 0.0
    assert (score["f1"], score["precision"], score["recall"]) == (expected, expected, expected)
    assert score["changes"] == 0
    assert score["oov_recall"] in (None, 1.0) and score["iv_recall"] in (None, 1.0)


def test_changed_text_is_refused_with_its_place():
    message = r"sentence 2 .* differs at character 3 .*'2001年'.*'200１年'.*Segment the gold text"
    with pytest.raises(ValueError, match=message):
        evaluate_segmentation(["好", "2001 年"], ["好", "200１年"])


def test_lost_end_and_blank_prediction_are_refused():
    with pytest.raises(ValueError, match="differs at character 1"):
        evaluate_segmentation(["很好"], ["很"])
    with pytest.raises(ValueError, match=r"sentence 1 .* differs at character 0"):
        evaluate_segmentation(["很好"], [""])


def test_different_numbers_of_sentences_are_refused():
    with pytest.raises(ValueError, match="got 1 sentences in predicted and 3 in gold"):
        evaluate_segmentation(["好", "", "的"], ["好"])
    with pytest.raises(ValueError, match="got 0 sentences in gold and 1 in predicted"):
        evaluate_segmentation([], iter(["好"]))


@pytest.mark.parametrize("arguments", [("好 的", ["好 的"]), (["好 的"], "好 的")])
def test_one_string_is_refused(arguments):
    with pytest.raises(TypeError, match=r"splitlines"):
        evaluate_segmentation(*arguments)


def test_nothing_in_gold_warns():
    with pytest.warns(UserWarning, match="no word in gold"):
        assert evaluate_segmentation([""], [""])["f1"] == 0.0


def diff_counts(gold, predicted, folder):
    """(insertions, deletions, substitutions) summed over sentences from ``diff``, as the official script does."""
    totals = [0, 0, 0]
    for true, test in zip(gold, predicted):
        files = []
        for name, words in (("true", true), ("test", test)):
            files.append(folder / name)
            files[-1].write_text("".join(word + "\n" for word in words), encoding="utf-8")
        done = subprocess.run(["diff", *map(str, files)], capture_output=True, text=True, check=False)
        hunk = [0, 0]
        for line in [*done.stdout.splitlines(), "0"]:
            if line[0].isdigit():  # a new hunk begins: settle the last one
                totals[0] += max(0, hunk[1] - hunk[0])
                totals[1] += max(0, hunk[0] - hunk[1])
                totals[2] += min(hunk)
                hunk = [0, 0]
            hunk[0] += line[0] == "<"
            hunk[1] += line[0] == ">"
    return tuple(totals)


@pytest.mark.skipif(
    shutil.which("diff") is None, reason="needs the diff program, the official script's aligner"
)
def test_changes_equal_those_of_diff(tmp_path):
    text = "共同创造美好的新世纪今天天气很晴朗我们去公园散步"
    gold, predicted = [], []
    for step in range(1, 5):
        gold.append([text[at : at + step] for at in range(0, len(text), step)])
        predicted.append([text[at : at + 3] for at in range(0, len(text), 3)])
    score = evaluate_segmentation(gold, predicted)
    counted = (score["insertions"], score["deletions"], score["substitutions"])
    assert counted == diff_counts(gold, predicted, tmp_path)


@pytest.mark.data
def test_pku_gold_has_the_published_counts():
    folder = DATA / "segmentation"
    if not folder.is_dir():
        pytest.skip(f"no data in {DATA}: set ZHNLP_DATA to the folder of the public sets")
    gold = (folder / "pku_test_gold.utf8").read_text(encoding="utf-8").splitlines()
    words = (folder / "pku_training_words.utf8").read_text(encoding="utf-8").split()
    score = evaluate_segmentation(gold, gold, train_words=words)
    assert score["true_words"] == 104372  # as the official script prints
    assert round(score["oov_rate"], 3) == 0.058
    assert score["f1"] == score["oov_recall"] == score["iv_recall"] == 1.0
