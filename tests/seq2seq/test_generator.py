"""TitleGenerator on a toy task with the shipped masked model: learning, writing, copying, files."""

import json

import pytest
import torch
from sklearn.exceptions import NotFittedError

from zhnlp import pipeline
from zhnlp.seq2seq import TitleGenerator, beam_curse
from zhnlp.training.regularizers import RDrop

PARTS = ["变压器", "线路", "电表", "开关", "电缆", "站房", "母线", "水泵"]
DEEDS = ["检修", "巡视", "更换", "停运", "试验", "验收"]
PAIRS = [
    (f"今天上午{part}{deed}已经完成。现场天气很好，大家都很高兴。", f"{part}{deed}完成")
    for part in PARTS
    for deed in DEEDS
]
SIZES = {"max_source": 40, "max_target": 10, "progress": False}


@pytest.fixture(scope="module")
def generator():
    return TitleGenerator(**SIZES).fit(PAIRS, False, epochs=12, batch_size=8)


def test_it_learns_where_to_look(generator):
    right = [
        generator.generate(article, num_beams=1)["title"] == title
        for article, title in [
            ("今天上午仪表检修已经完成。现场天气很好，大家都很高兴。", "仪表检修完成"),
            *PAIRS[::7],
        ]
    ]
    assert sum(right) >= len(right) - 1


def test_one_a_list_and_an_iterator_give_the_same_in_order(generator):
    articles = [article for article, _ in PAIRS[:9]] + [PAIRS[0][0] * 6, "好"]
    together = generator.generate(articles)
    alone = [generator.generate(article) for article in articles]
    assert [one["title"] for one in alone] == [one["title"] for one in together]
    assert [one["score"] for one in alone] == pytest.approx([one["score"] for one in together], abs=1e-4)
    assert [one["title"] for one in generator.generate(iter(articles))] == [one["title"] for one in together]


def test_sampling_hangs_on_the_seed_and_the_place_alone(generator):
    articles = [article for article, _ in PAIRS[:6]]
    drawn = generator.generate(articles, sample=True, temperature=3.0, seed=4)
    assert drawn == generator.generate(articles, sample=True, temperature=3.0, seed=4)
    assert drawn != generator.generate(articles, sample=True, temperature=3.0, seed=5)
    assert drawn[0]["title"] == generator.generate(articles[0], sample=True, temperature=3.0, seed=4)["title"]


def test_n_best_forced_and_forbidden(generator):
    article = PAIRS[0][0]
    best = generator.generate(article, num_beams=4, num_return=3)
    assert len({one["title"] for one in best}) == 3
    assert [one["score"] for one in best] == sorted((one["score"] for one in best), reverse=True)
    assert "天气" in generator.generate(article, num_beams=4, forced="天气")["title"]
    assert "变" not in generator.generate(article, forbidden=["变"])["title"]
    assert len(generator.generate(article, num_beams=1, min_length=9)["title"]) >= 9


def test_unknown_characters_are_copied_and_unk_is_never_written(generator):
    written = generator.generate("今天上午龘龘检修已经完成。现场天气很好，大家都很高兴。", num_beams=3)[
        "title"
    ]
    assert "[" not in written and "UNK" not in written and " " not in written
    odd = ["\U0001f600\U0001f600", "The quick brown fox jumps.", "电" * 100_000, "\ud800坏", "a"]
    for one in generator.generate(odd):
        assert "UNK" not in one["title"] and "COPY" not in one["title"]


def test_scores_are_log_probabilities(generator):
    article, title = PAIRS[0]
    found = generator.generate(article, num_beams=1, length_penalty=0.0)
    assert found["title"] == title
    assert generator.score([(article, title)])[0] == pytest.approx(found["score"], abs=1e-3)
    assert generator.score([(article, "水泵停运")])[0] < found["score"]


def test_evaluation_and_the_curse_of_beams(generator):
    found = generator.evaluate(PAIRS[:8], metrics={"samples": 20})
    assert found["primary_metric"] == "rouge_l" and found["rouge_l"] > 0.9 and found["copied"] is not None
    curse = beam_curse(generator, PAIRS[:6], beams=(1, 3))
    assert curse.beams == [1, 3] and curse.log_probability[1] >= curse.log_probability[0] - 1e-3
    assert "right titles" in str(curse)


def test_saved_and_read_again(generator, tmp_path):
    generator.save(tmp_path / "titles")
    again = TitleGenerator(tmp_path / "titles", progress=False)
    articles = [article for article, _ in PAIRS[:4]]
    assert again.generate(articles) == generator.generate(articles)
    assert pipeline("title-generation", tmp_path / "titles", progress=False)(articles) == again.generate(
        articles
    )
    assert json.loads((tmp_path / "titles/titles.json").read_text())["engine"] == "unilm"


@pytest.mark.slow
def test_a_training_chooses_by_held_out_titles_and_goes_on(tmp_path):
    made = TitleGenerator(**SIZES).fit(PAIRS, PAIRS[:6], epochs=3, batch_size=8, out=tmp_path / "out")
    assert [line["epoch"] for line in made.history_] == [1, 2, 3]
    assert made.history_[-1]["rouge_l"] == pytest.approx(
        made.evaluate(PAIRS[:6], num_beams=1, metrics={"samples": 0})["rouge_l"], abs=0.2
    )
    assert any((tmp_path / "out").glob("checkpoint-*"))
    again = TitleGenerator(**SIZES).fit(PAIRS, PAIRS[:6], epochs=3, batch_size=8, out=tmp_path / "out")
    assert again.history_ == made.history_  # nothing was left to do


def test_r_drop_gives_a_network_without_dropout_some_for_the_time():
    made = TitleGenerator(**SIZES).fit(PAIRS[:8], False, epochs=1, regularizers=[RDrop(1.0)])
    assert all(
        module.p == 0 for module in made.engine.module.modules() if isinstance(module, torch.nn.Dropout)
    )


def test_random_weights_differ_from_the_trained_ones():
    plain = TitleGenerator(**SIZES, pretrained=False).fit(PAIRS[:8], False, epochs=1)
    assert plain.score(PAIRS[:4]) != TitleGenerator(**SIZES).fit(PAIRS[:8], False, epochs=1).score(PAIRS[:4])


def test_refusals(generator, tmp_path):
    with pytest.raises(ValueError, match="engine='t5' is not known: expected one of 'unilm'"):
        TitleGenerator(engine="t5")
    with pytest.raises(NotFittedError, match=r"expected fit\(pairs\) first"):
        TitleGenerator().generate("电网")
    with pytest.raises(ValueError, match="article 1 is blank"):
        generator.generate(["电网", " "])
    with pytest.raises(TypeError, match="article 0 is int"):
        generator.generate([3])
    with pytest.raises(ValueError, match="num_return=5 of beams=3"):
        generator.generate("电网", num_return=5)
    with pytest.raises(ValueError, match="'龘' cannot be written with this vocabulary"):
        generator.generate("电网", forced="龘")
    with pytest.raises(ValueError, match="positions, the model has 512"):
        TitleGenerator(max_source=600, progress=False).fit(PAIRS, False)
    with pytest.raises(ValueError, match="there is no pair"):
        TitleGenerator(progress=False).fit([])
    with pytest.raises(ValueError, match="epochs=0 is not possible"):
        TitleGenerator(progress=False).fit(PAIRS, False, epochs=0)
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError):
        generator.save(tmp_path / "file")
