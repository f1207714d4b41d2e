"""Which checkpoint folders are whole.

Run: pytest tests/training/test_resumable.py
"""

import os

import pytest
import torch
from safetensors.torch import save_file

from zhnlp.training.resumable import MARK, begin, fault, is_complete, newest_complete, rotate


@pytest.fixture
def run(tmp_path):
    """Checkpoints 5, 20 and 100."""
    for step in (5, 20, 100):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        save_file({"weight": torch.ones(50)}, folder / "model.safetensors")
        torch.save({"state": torch.ones(50)}, folder / "optimizer.pt")
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
    "model.safetensors has 2": lambda f: cut(f / "model.safetensors", -9),
    "cut off in its header": lambda f: cut(f / "model.safetensors", 20),
    "optimizer.pt is cut off": lambda f: cut(f / "optimizer.pt", -30),
}


def cut(path, end):
    path.write_bytes(path.read_bytes()[:end])


@pytest.mark.parametrize("said", BREAKS)
def test_broken_ones_are_named_and_passed_over(run, said):
    BREAKS[said](run / "checkpoint-100")
    assert said in fault(run / "checkpoint-100") and not is_complete(run / "checkpoint-100")
    with pytest.warns(UserWarning, match=r"checkpoint-100 is skipped: "):
        assert newest_complete(run).name == "checkpoint-20"


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
    assert is_complete(run / "checkpoint-20")
    rotate(run / "checkpoint-5", 1)
    assert newest_complete(run).name == "checkpoint-5" and not (run / "checkpoint-20").exists()
