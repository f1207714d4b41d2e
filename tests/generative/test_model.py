import pytest
import torch
from torch import nn

from tests.generative.tiny import Gaussian, Labelled

ROWS = torch.tensor([[1.0, 3.0], [3.0, 5.0], [2.0, 4.0]])


def test_a_fit_finds_the_mean_and_says_how_each_pass_went():
    model = Gaussian().fit(ROWS, epochs=60, batch_size=3, learning_rate=0.2, progress=False)
    assert torch.allclose(model.mean, torch.tensor([2.0, 4.0]), atol=0.15)
    assert not model.training
    assert int(model.steps) == 60
    assert len(model.history_) == 60
    assert model.history_[0]["distance"] > model.history_[-1]["distance"]


def test_the_same_seed_gives_the_same_weights_and_the_caller_keeps_his_random_numbers():
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    fits = [Gaussian(noise=1.0).fit(ROWS, epochs=3, batch_size=2, seed=1, progress=False) for _ in range(2)]
    assert torch.equal(fits[0].mean, fits[1].mean)
    assert torch.rand(1) == expected


def test_samples_of_one_seed_are_the_same_and_leave_the_random_numbers_alone():
    model = Gaussian()
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    assert torch.equal(model.sample(3, seed=1), model.sample(3, seed=1))
    assert torch.rand(1) == expected
    assert not torch.equal(model.sample(3), model.sample(3))
    assert model.training


def test_the_best_pass_on_valid_rows_is_kept():
    model = Gaussian().fit(
        ROWS, valid=torch.zeros(2, 2), epochs=5, batch_size=3, learning_rate=0.2, progress=False
    )
    assert model.mean.abs().max() < 0.3  # the first pass, before it moved away from the valid rows
    assert [line["eval_loss"] for line in model.history_ if "eval_loss" in line] == sorted(
        line["eval_loss"] for line in model.history_ if "eval_loss" in line
    )


def test_an_average_of_weights_is_put_in_place():
    plain, averaged = (
        Gaussian().fit(ROWS, epochs=20, batch_size=3, learning_rate=0.1, ema=ema, progress=False)
        for ema in (None, 0.9)
    )
    assert (averaged.mean < plain.mean).all()  # it lags behind


def test_a_training_goes_on_where_it_was(tmp_path):
    whole = Gaussian(noise=1.0).fit(ROWS, epochs=6, batch_size=1, out=tmp_path / "whole", progress=False)
    half = {"epochs": 6, "batch_size": 1, "out": tmp_path / "half", "progress": False}
    Gaussian(noise=1.0).fit(ROWS, **half, arguments={"max_steps": 9})
    resumed = Gaussian(noise=1.0).fit(ROWS, **half)
    assert torch.equal(whole.mean, resumed.mean)
    assert int(resumed.steps) == 18


def test_pictures_are_drawn_as_it_learns(tmp_path):
    pytest.importorskip("matplotlib")
    Gaussian().fit(ROWS, epochs=4, batch_size=3, out=tmp_path, sample_every=2, progress=False)
    assert sorted(path.name for path in (tmp_path / "samples").iterdir()) == ["000002.png", "000004.png"]


def test_a_saved_model_is_the_same_when_loaded(tmp_path):
    model = Gaussian(start=1.5, noise=0.5)
    model.steps += 4
    model.save(tmp_path)
    loaded = Gaussian.load(tmp_path)
    assert (loaded.noise, int(loaded.steps), loaded.shape) == (0.5, 4, (2,))
    assert torch.equal(loaded.mean, model.mean)
    assert not loaded.training
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".md", ".safetensors"]


def test_networks_of_ones_own_are_asked_for_when_loading(tmp_path):
    Gaussian(network=nn.Linear(2, 3)).save(tmp_path)
    with pytest.raises(ValueError, match=r"do not fit Gaussian.*load\(folder, encoder="):
        Gaussian.load(tmp_path)
    assert Gaussian.load(tmp_path, network=nn.Linear(2, 3)).network.out_features == 3


@pytest.mark.parametrize(
    ("data", "labels", "message"),
    [
        (torch.zeros(0, 2), None, "one row or more"),
        (torch.zeros(3, 3), None, r"a row has shape \(3,\), the model is one of \(2,\)"),
        (torch.tensor([[1.0, float("nan")]]), None, "1 of 1 rows have values that are no finite numbers"),
        (torch.zeros(3, 2), [1], r"labels have shape \(1,\): expected \(3,\)"),
    ],
)
def test_unfit_data_is_refused(data, labels, message):
    with pytest.raises(ValueError, match=message):
        Gaussian().fit(data, labels=labels, progress=False)


def test_missing_labels_are_refused():
    with pytest.raises(ValueError, match="Labelled learns from labels too"):
        Labelled().fit(ROWS)


def test_settings_out_of_range_are_refused():
    with pytest.raises(ValueError, match="epochs=0 is not possible"):
        Gaussian().fit(ROWS, epochs=0)
    with pytest.raises(ValueError, match="expected a folder"):
        Gaussian().fit(ROWS, sample_every=1)
