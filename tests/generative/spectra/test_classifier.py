import numpy as np
import pytest
import torch

from zhnlp.generative.spectra import (
    SpectrumClassifier,
    SpectrumNetwork,
    SpectrumPreprocessor,
    make_spectra,
    saliency,
)
from zhnlp.generative.spectra.preprocessing import resample

SHORT = {"widths": (8, 8), "epochs": 2, "f1_epochs": 1, "batch_size": 32, "progress": False}
LONGER = {**SHORT, "epochs": 8, "batch_size": 16, "learning_rate": 5e-3, "dropout": 0.2}


@pytest.fixture(scope="module")
def lines():
    """Two classes of 64 wavelengths: a line at place 16, or at place 48."""
    random = np.random.default_rng(0)
    classes = np.array(["left", "right"])[random.integers(0, 2, 200)]
    flux = 1 + 0.05 * random.normal(size=(200, 64))
    for row, name in enumerate(classes):
        centre = 16 if name == "left" else 48
        flux[row] += np.exp(-0.5 * ((np.arange(64) - centre) / 2) ** 2)
    return flux, classes


@pytest.fixture(scope="module")
def learnt(lines):
    return SpectrumClassifier(**LONGER).fit(*lines)


def test_lines_are_told_apart(lines, learnt):
    flux, classes = lines
    assert learnt.score(flux, classes) > 0.95
    assert np.allclose(learnt.predict_proba(flux).sum(1), 1)
    stages = [line["stage"] for line in learnt.history_]
    assert stages == ["cross-entropy"] * 8 + ["macro-F1"]
    assert set(learnt.history_[0]) == {"stage", "epoch", "loss", "macro_f1", "accuracy", "f1"}


def test_saliency_is_complete_and_points_at_the_line(lines, learnt):
    flux, classes = lines
    row = int(np.flatnonzero(classes == "right")[0])
    shares, gap = saliency(learnt, flux[row], "right", steps=128)
    assert shares.sum() == pytest.approx(gap, abs=0.05)
    assert 40 <= int(np.abs(np.convolve(shares, np.ones(5), "same")).argmax()) <= 56
    with pytest.raises(ValueError, match="is no class"):
        saliency(learnt, flux[row], "up")


def test_a_saved_model_answers_the_same(lines, learnt, tmp_path):
    learnt.save(tmp_path)
    loaded = SpectrumClassifier.load(tmp_path, progress=False)
    assert np.array_equal(loaded.predict_proba(lines[0]), learnt.predict_proba(lines[0]))
    assert loaded.history_ == learnt.history_
    with pytest.raises(FileNotFoundError, match=r"SpectrumClassifier\.save"):
        SpectrumClassifier.load(tmp_path / "none")


def test_the_same_seed_gives_the_same_answers(lines):
    first, second = (SpectrumClassifier(**SHORT, seed=5).fit(*lines) for _ in range(2))
    assert np.array_equal(first.predict_proba(lines[0]), second.predict_proba(lines[0]))


@pytest.mark.parametrize("imbalance", ["fractions", "weights", "logits", "none"])
def test_every_way_of_imbalance_learns(lines, imbalance):
    made = SpectrumClassifier(**LONGER, imbalance=imbalance).fit(*lines)
    assert made.score(*lines) > 0.8


def test_the_prior_of_the_data_moves_answers_by_the_log_of_the_ratio(lines):
    flux, classes = lines
    keep = np.flatnonzero((classes == "left") | (np.arange(200) % 4 == 0))
    batch = SpectrumClassifier(**SHORT, fractions={"left": 0.5, "right": 0.5}).fit(flux[keep], classes[keep])
    before = batch.decision_function(flux)
    batch.prior = "data"
    moved = (batch.decision_function(flux) - before)[0]
    share = np.mean(classes[keep] == "right")
    assert moved[1] - moved[0] == pytest.approx(np.log(share / (1 - share)), abs=0.1)


def test_spectra_without_shape_are_left_out_and_counted(lines):
    flux, classes = (part.copy() for part in lines)
    flux[3], flux[5, 0] = 1.0, np.nan
    with pytest.warns(UserWarning, match="2 of 200 spectra are constant or not finite, first row 3"):
        made = SpectrumClassifier(**SHORT).fit(flux, classes)
    with pytest.warns(UserWarning, match="were read as zeros"):
        assert made.predict(flux[3:4]).shape == (1,)


def test_what_cannot_be_learnt_is_refused(lines):
    flux, classes = lines
    with pytest.raises(ValueError, match="two or more to tell apart"):
        SpectrumClassifier().fit(flux, np.zeros(200))
    with pytest.raises(ValueError, match=r"expected \(200,\)"):
        SpectrumClassifier().fit(flux, classes[:5])
    with pytest.raises(ValueError, match="imbalance='much'"):
        SpectrumClassifier(imbalance="much").fit(flux, classes)
    rare = classes.copy()
    rare[0] = "once"
    with pytest.raises(ValueError, match="class 'once' has one spectrum only"):
        SpectrumClassifier(**SHORT).fit(flux, rare)
    with pytest.raises(ValueError, match="64"):
        SpectrumClassifier(**SHORT).fit(flux, classes).predict(flux[:, :50])


def test_padding_to_another_length_goes_through_the_preprocessor(lines):
    flux, classes = lines
    made = SpectrumClassifier(**SHORT, length=48).fit(flux, classes)
    assert made.predict(flux[:2, ::2]).shape == (2,)


def test_channels_by_hand():
    made = SpectrumPreprocessor()(np.array([[1.0, 2.0, 2.0]]))
    assert made[0, 0] == pytest.approx(np.array([1, 2, 2]) / np.sqrt(3))
    change = np.array([0.0, 1.0, 0.0])
    assert made[0, 1] == pytest.approx(change / np.sqrt(1 / 3))
    assert SpectrumPreprocessor(scale="continuum", difference=False)(np.full((1, 9), 4.0) + np.eye(9)[4])[
        0, 0
    ] == pytest.approx(0.25 * np.eye(9)[4])
    assert resample([[0.0, 2.0]], 3).tolist() == [[0, 1, 2]]


def test_synthetic_spectra_are_those_of_the_seed():
    first, second = (make_spectra(50, 100, seed=3) for _ in range(2))
    assert np.array_equal(first[0], second[0])
    assert np.bincount(first[1]).tolist() == [35, 5, 2, 8]
    with pytest.raises(ValueError, match="4 spectra or more"):
        make_spectra(3)


@pytest.mark.parametrize("pooling", ["max", "avg", "attn"])
def test_every_parameter_learns(pooling):
    torch.manual_seed(0)
    network = SpectrumNetwork(3, 2, (4, 8), pooling=pooling, dropout=0.0)
    network(torch.randn(2, 2, 33)).square().sum().backward()
    assert all(one.grad is not None and one.grad.abs().sum() > 0 for one in network.parameters())
