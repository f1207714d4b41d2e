"""ConditionalGenerator on tiny models: what it learns, what its texts hang on, folders, resuming, refusals.

Run: pytest tests/conditional/test_generator.py
"""

import json
import warnings

import pytest
import torch
import transformers
from sklearn.exceptions import NotFittedError
from small_models import save_checkpoint

from zhnlp.conditional import ConditionalGenerator
from zhnlp.training.regularizers.base import Regularizer

GOOD = ["今天天气很好。", "北京大学很好。", "研究生很好。", "电网很好，天气很好。"]
BAD = ["今天电网断。", "变压器断，检修。", "断路检修。", "今天断路。"]
TEXTS, LABELS = GOOD * 6 + BAD * 6, ["好"] * 24 + ["坏"] * 24
FAST = {"epochs": 12, "batch_size": 8, "learning_rate": 1e-2, "samples": 0}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    place = tmp_path_factory.mktemp("base")
    save_checkpoint(place, "gpt-neox", initializer_range=0.02)
    return place


def new(base, **options):
    return ConditionalGenerator(base, **{"max_length": 16, "condition_size": 8, "progress": False, **options})


@pytest.fixture(scope="module")
def generator(base):
    return new(base).fit(TEXTS, LABELS, False, **FAST, drop=0.2)


class Killed(Exception):
    """As if the process had been killed."""


class KilledAt(Regularizer):
    """Ends a training at a step."""

    def __init__(self, step):
        self.left = step

    def inputs(self, model, inputs):
        self.left -= 1
        if not self.left:
            raise Killed
        return inputs


def texts_of(rows):
    return [row["text"] for row in rows]


def test_what_is_asked_is_written_and_guidance_raises_it(generator):
    shares = []
    for guidance in (0, 1, 3):
        good = texts_of(generator.generate("好", 40, guidance=guidance))
        bad = texts_of(generator.generate("坏", 40, guidance=guidance, seed=1))
        shares.append((sum("好" in one for one in good) + sum("断" in one for one in bad)) / 80)
    nothing, asked, guided = shares
    assert nothing < 0.75 < asked <= guided


def test_scores_tell_the_labels_apart_and_are_what_texts_cost(generator):
    said, other = generator.score(TEXTS, LABELS), generator.score(TEXTS, ["坏"] * 24 + ["好"] * 24)
    assert sum(a > b for a, b in zip(said, other)) > 44
    null = generator.score(TEXTS)
    assert sum(a > b for a, b in zip(said, null)) > 40
    [best] = generator.generate("好", 1, num_beams=4)
    tokens = len(best["text"]) + 1  # a token a character, and the end
    assert generator.score([best["text"]], ["好"])[0] == pytest.approx(best["score"] * tokens, abs=1e-3)


def test_a_text_hangs_on_seed_and_number_alone(generator):
    together = generator.generate("好", 9, seed=3)
    assert together == generator.generate("好", 9, seed=3) != generator.generate("好", 9, seed=4)
    assert texts_of(generator.generate("好", 4, seed=3)) == texts_of(together)[:4]
    for size in (1, 4):
        assert texts_of(generator.generate("好", 9, seed=3, batch_size=size)) == texts_of(together)
    guided = generator.generate("好", 6, seed=3, guidance=2.5)
    assert texts_of(generator.generate("好", 6, seed=3, guidance=2.5, batch_size=2)) == texts_of(guided)


def test_guidance_0_is_nothing_asked(generator):
    assert (
        generator.generate("好", 5, guidance=0)
        == generator.generate(None, 5)
        == generator.generate("坏", 5, guidance=0)
    )


def test_options_of_writing(generator):
    assert all(one["text"].startswith("北京") for one in generator.generate("坏", 3, prompt="北京"))
    long = "北京大学很好。" * 5  # longer than the texts of the training
    assert generator.generate("坏", 1, prompt=long, max_new_tokens=4)[0]["text"].startswith(long)
    assert all(len(one["text"]) <= 3 for one in generator.generate("好", 5, max_new_tokens=3))
    assert all("很" not in one["text"] for one in generator.generate("好", 5, stop="很"))
    beams = generator.generate("好", 3, num_beams=4, guidance=2)
    assert [one["score"] for one in beams] == sorted((one["score"] for one in beams), reverse=True)
    assert json.loads(json.dumps(beams)) == beams and set(beams[0]) == {"text", "score"}


@pytest.mark.parametrize("int8", [False, True])
def test_a_folder_holds_everything(generator, tmp_path, int8):
    folder = generator.save(tmp_path / "mine", int8=int8)
    again = ConditionalGenerator.load(folder, progress=False)
    assert again.labels_ == {"label": ["坏", "好"]} == generator.labels_ and again.max_length == 16
    if not int8:
        assert again.generate("好", 4, guidance=2) == generator.generate("好", 4, guidance=2)
    scores = [one.score(TEXTS[:3], LABELS[:3]) for one in (again, generator)]
    assert scores[0] == pytest.approx(scores[1], abs=0.5 if int8 else 1e-5)


def test_the_folder_is_a_plain_model_of_its_null_condition(generator, tmp_path):
    folder = generator.save(tmp_path / "mine")
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    assert not any("norm." in name for name in model.state_dict() if "modulation" in name)
    ids = torch.tensor(generator._reader.read(TEXTS[:1]))
    with torch.no_grad():
        nats = float(model(ids, labels=ids).loss) * (ids.shape[1] - 1)
    assert generator.score(TEXTS[:1])[0] == pytest.approx(-nats, abs=1e-3)


def test_the_same_seed_trains_the_same_and_a_killed_training_goes_on(base, tmp_path):
    options = {**FAST, "epochs": 2}
    whole = new(base).fit(TEXTS, LABELS, **options)
    assert len(whole.history_) == 2 and whole.history_[0]["loss"] > 0
    assert new(base).fit(TEXTS, LABELS, **options).score(TEXTS[:4]) == whole.score(TEXTS[:4])

    with pytest.raises(Killed):
        new(base).fit(TEXTS, LABELS, out=tmp_path, regularizers=[KilledAt(9)], **options)
    assert len(list(tmp_path.glob("checkpoint-*"))) == 1
    resumed = new(base).fit(TEXTS, LABELS, out=tmp_path, **options)
    assert resumed.score(TEXTS[:4]) == pytest.approx(whole.score(TEXTS[:4]), abs=1e-4)


def test_held_out_texts_choose_the_pass(base):
    fitted = new(base).fit(
        TEXTS, LABELS, (GOOD, ["好"] * 4), **{**FAST, "epochs": 30, "learning_rate": 3e-2}, patience=1
    )
    losses = [one["loss"] for one in fitted.history_]
    best = min(losses)
    nats = -sum(fitted.score(GOOD, ["好"] * 4))
    assert nats / sum(len(one) + 1 for one in GOOD) == pytest.approx(best, abs=0.05)
    assert losses[-1] > best or len(losses) == 30


def test_several_attributes_and_vectors(base):
    rows = [
        {"mood": label, "long": len(text) > 6, "image": [float(len(text)), 1.0]}
        for text, label in zip(TEXTS, LABELS)
    ]
    rows[3] = None
    fitted = new(base).fit(TEXTS, rows, False, **{**FAST, "epochs": 1})
    assert fitted.labels_ == {"long": [0, 1], "mood": ["坏", "好"]}
    for asked in ({"mood": "好", "long": True}, "好", [7.0, 1.0], {"image": [7.0, 1.0], "mood": "坏"}, None):
        assert len(fitted.generate(asked, 2, guidance=1.5)) == 2


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_other_families(kind, tmp_path):
    save_checkpoint(tmp_path / "base", kind)
    fitted = new(tmp_path / "base").fit(TEXTS[::6], LABELS[::6], False, **{**FAST, "epochs": 1})
    folder = fitted.save(tmp_path / "mine")
    assert ConditionalGenerator(folder, progress=False).generate("好", 2, guidance=2) == fitted.generate(
        "好", 2, guidance=2
    )


def test_blank_texts_are_left_out_and_said(base):
    with pytest.warns(UserWarning, match="2 of 10 texts are blank"):
        new(base).fit([*TEXTS[::6], "", " \n"], [*LABELS[::6], "好", "坏"], False, **{**FAST, "epochs": 1})


def test_refusals(base, generator, tmp_path):
    with pytest.raises(NotFittedError, match=r"expected fit\(texts, labels\) first"):
        new(base).generate("好")
    with pytest.raises(ValueError, match=r"'中' is not known. Known: label: '坏', '好'"):
        generator.generate("中")
    for options, said in [
        ({"n": 0}, "n=0"),
        ({"guidance": float("inf")}, "guidance=inf"),
        ({"n": 5, "num_beams": 2}, "n=5 of num_beams=2"),
        ({"temperature": 0}, "temperature=0"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"prompt": "好" * 100}, "the prompt takes 101 of 64 tokens"),
    ]:
        with pytest.raises(ValueError, match=said):
            generator.generate("好", **options)
    with pytest.raises(ValueError, match="2 texts and 1 labels"):
        generator.score(["好", "好"], ["好"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match="there is no text"):
            new(base).fit([""], ["好"])
    with pytest.raises(TypeError, match="texts is str"):
        new(base).fit("好", ["好"])
    with pytest.raises(ValueError, match="drop=2"):
        new(base).fit(TEXTS, LABELS, drop=2)
    with pytest.raises(
        ValueError, match=r"has no conditional.json: expected a folder that ConditionalGenerator.save wrote"
    ):
        ConditionalGenerator.load(base)
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        generator.save(tmp_path / "file")
    folder = generator.save(tmp_path / "mine")
    (folder / "condition.safetensors").unlink()
    with pytest.raises(ValueError, match=r"lacks condition\.safetensors"):
        ConditionalGenerator(folder)
