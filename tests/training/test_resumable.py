"""Which checkpoint folders are whole.

Run: pytest tests/training/test_resumable.py
"""

import os
import shutil

import pytest
import torch
from safetensors.torch import save_file
from trainings import same_bits, trained

from zhnlp.training.resumable import MARK, begin, fault, newest_complete, rotate

STATE = ("optimizer.pt", "scheduler.pt", "rng_state.pth")


@pytest.fixture
def run(tmp_path):
    """Checkpoints 5, 20 and 100."""
    for step in (5, 20, 100):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        save_file({"weight": torch.ones(50)}, folder / "model.safetensors")
        for part in STATE:
            torch.save({"state": torch.ones(50)}, folder / part)
        (folder / "trainer_state.json").write_text(f'{{"global_step": {step}}}', "utf-8")
    (tmp_path / "checkpoint-best").mkdir()
    (tmp_path / "checkpoint-300").write_text("a file")
    return tmp_path


def test_newest_by_number_not_by_name(run):
    assert newest_complete(run).name == "checkpoint-100"
    assert newest_complete(run / "nothing") is None


BREAKS = {
    "being written": lambda folder: (folder / MARK).touch(),
    "trainer_state.json, which is written last, is missing": lambda f: (f / "trainer_state.json").unlink(),
    "trainer_state.json is cut off": lambda f: (f / "trainer_state.json").write_text('{"global_st'),
    "names no global_step": lambda f: (f / "trainer_state.json").write_text("[]"),
    "holds no weights": lambda f: (f / "model.safetensors").unlink(),
    "model.safetensors is truncated: 2": lambda f: cut(f / "model.safetensors", -9),
    "model.safetensors is truncated: 20 bytes": lambda f: cut(f / "model.safetensors", 20),
    "optimizer.pt is cut off": lambda f: cut(f / "optimizer.pt", -30),
    "it lacks optimizer.pt": lambda f: (f / "optimizer.pt").unlink(),
    "it lacks scheduler.pt and rng_state.pth": lambda f: [(f / name).unlink() for name in STATE[1:]],
    "saved with save_only_model=True": lambda f: [(f / name).unlink() for name in STATE],
}


def cut(path, end):
    path.write_bytes(path.read_bytes()[:end])


@pytest.mark.parametrize("said", BREAKS)
def test_broken_ones_are_named_and_passed_over(run, said):
    BREAKS[said](run / "checkpoint-100")
    assert said in fault(run / "checkpoint-100")
    with pytest.warns(UserWarning, match=r"checkpoint-100 is skipped: "):
        assert newest_complete(run).name == "checkpoint-20"


def test_random_numbers_of_several_processes_count(run):
    (run / "checkpoint-100/rng_state.pth").rename(run / "checkpoint-100/rng_state_1.pth")
    assert fault(run / "checkpoint-100") is None


def test_where_only_models_were_saved_no_training_starts_over_them(run):
    for part in STATE:
        for path in run.glob(f"checkpoint-*/{part}"):
            path.unlink()
    with (
        pytest.warns(UserWarning),
        pytest.raises(ValueError, match=r"checkpoint-100: .*save_only_model=True"),
    ):
        newest_complete(run)


@pytest.mark.parametrize("part", STATE)
def test_auto_takes_the_older_one_and_ends_with_the_same_weights(part, tmp_path):
    """Without a part, transformers would go on from checkpoint-4 and end elsewhere."""
    whole = trained(tmp_path, save_strategy="steps", save_steps=2)
    for step in (6, 8, 10):
        shutil.rmtree(tmp_path / f"checkpoint-{step}")
    (tmp_path / "checkpoint-4" / part).unlink()
    with pytest.warns(UserWarning, match=f"checkpoint-4 is skipped: it lacks {part}"):
        assert same_bits(whole, trained(tmp_path, resume="auto"))
    with pytest.raises(ValueError, match=f"it lacks {part}"):
        trained(tmp_path, resume=tmp_path / "checkpoint-4")


def test_begin_empties_a_folder_and_marks_it(run):
    (run / "checkpoint-5/inner").mkdir()
    begin(run / "checkpoint-5")
    assert [path.name for path in (run / "checkpoint-5").iterdir()] == [MARK]


def test_a_cut_at_any_byte_of_the_weights_is_seen(run):
    whole = (run / "checkpoint-5/model.safetensors").read_bytes()
    for end in range(len(whole)):
        cut(run / "checkpoint-5/model.safetensors", 0)
        (run / "checkpoint-5/model.safetensors").write_bytes(whole[:end])
        assert fault(run / "checkpoint-5") is not None


def test_rotation_goes_by_age_and_spares_the_newest_and_the_best(run):
    for age, step in enumerate((20, 5, 100)):  # 100 is of an older training
        os.utime(run / f"checkpoint-{step}/trainer_state.json", (1000 - age, 1000 - age))
    rotate(run / "checkpoint-5", None)
    assert len([*run.glob("checkpoint-*/model.safetensors")]) == 3
    rotate(run / "checkpoint-5", 2)
    assert {path.parent.name for path in run.glob("checkpoint-*/*.pt")} == {"checkpoint-5", "checkpoint-20"}
    rotate(run / "checkpoint-5", 1, keep=run / "checkpoint-20")
    assert fault(run / "checkpoint-20") is None
    rotate(run / "checkpoint-5", 1)
    assert newest_complete(run).name == "checkpoint-5" and not (run / "checkpoint-20").exists()
