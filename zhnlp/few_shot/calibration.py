"""What a model says of a label before it has read anything, taken off its scores.  T templates, N texts, C classes.

A label word that is frequent wins whatever the text says; a prior is measured and subtracted, in nats.

Source: Zhao et al. 2021 (content-free texts), https://arxiv.org/abs/2102.09690; the mean over the texts at hand: Han et al.
2022, https://arxiv.org/abs/2205.10183, and Zhou et al. 2023, https://arxiv.org/abs/2309.17249
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

CALIBRATIONS = ("auto", "content-free", "batch", "none")
NEUTRAL = (
    "这是一句话。",
    "他昨天去了那里。",
    "我看到了这个。",
    "他们说了一些事情。",
    "这里有一个东西。",
    "今天是星期三。",
    "大家都知道这件事。",
    "它在桌子上。",
)  # sentences that say nothing of any label: better than empty texts and single signs, see benchmarks/zero_shot_calibration.py


def content_free(fields: Sequence[str]) -> list[dict[str, str]]:
    """Examples without content: each neutral sentence in every field, and with two fields each beside the next one.

    Example:
        >>> content_free(("text",))[0], len(content_free(("text_a", "text_b")))
        ({'text': '这是一句话。'}, 16)
    """
    alike = [dict.fromkeys(fields, sentence) for sentence in NEUTRAL]
    if len(fields) == 1:
        return alike
    return alike + [dict(zip(fields, pair)) for pair in zip(NEUTRAL, (*NEUTRAL[1:], NEUTRAL[0]))]


def prior_of(scores: np.ndarray) -> np.ndarray:
    """The prior (T, C) that some texts show: the mean of their scores (T, N, C).

    Example:
        >>> prior_of(np.array([[[-1.0, -3.0], [-3.0, -1.0], [-2.0, -5.0]]])).tolist()
        [[-2.0, -3.0]]
    """
    return scores.mean(axis=1)


def calibrated(scores: np.ndarray, prior: np.ndarray | None) -> np.ndarray:
    """Scores (N, C) of an ensemble: the mean over templates of scores (T, N, C) less the prior (T, C).

    Example:
        >>> scores = np.array([[[-1.0, -2.0]], [[-2.0, -2.0]]])
        >>> calibrated(scores, np.array([[0.0, -1.0], [0.0, 0.0]])).tolist()
        [[-1.5, -1.5]]
    """
    return (scores if prior is None else scores - prior[:, None]).mean(axis=0)
