"""Accuracies on FewCLUE that others published, as facts to stand beside our own rows.

Table 3 of https://arxiv.org/abs/2107.07498: test_public, mean and standard deviation of five folds, 102 M parameters (RoBERTa
wwm ext) unless said.  EFL was first trained on all of OCNLI or CMNLI, so its OCNLI and BUSTM are not few-shot.  The row
"PET" is the ADAPET of the authors' repository.  PaddleNLP: its examples/few_shot, one fold.
"""

from __future__ import annotations

TASKS = ("eprstmt", "csldcp", "tnews", "iflytek", "ocnli", "bustm", "csl", "chid", "wsc")

_ROWS = """\
majority | 50.0 1.5 6.7 0.8 38.1 50.0 50.0 14.3 50.0
human | 90.0 68.0 71.0 66.0 90.3 88.0 84.0 87.1 98.0
fine-tuning RoBERTa | 65.4±7.7 35.5±2.5 49.0±1.6 32.8±1.7 33.0±.34 60.7±9.1 50.0±.1 14.9±.4 55.6±14
zero-shot RoBERTa | 85.2 12.6 25.3 27.7 40.3 50.6 52.2 57.6 50.0
zero-shot GPT | 57.5 26.2 37.0 19.0 34.4 50.0 50.1 65.6 50.3
PET RoBERTa | 86.7±1.0 51.7±1.0 54.5±1.2 46.0±1.1 44.0±.4 56.0±5.0 59.4±1.3 61.2±1.1 57.5±2.7
LM-BFF RoBERTa | 85.6±.9 54.4±3.1 53.0±2.1 47.1±2.6 41.6±4.0 57.6±3.4 51.7±2.4 61.2±1.1 54.7±6.7
P-tuning RoBERTa | 88.3±.7 56.0±1.1 54.2±1.0 57.6±.9 41.9±1.9 60.9±2.9 62.9±2.3 59.3±1.4 58.1±2.2
EFL RoBERTa | 84.9±.4 45.0±2.3 52.1±.8 42.7±1.1 66.2±1.4 71.8±.8 56.6±1.8 30.9±1.9 53.0±3.1
fine-tuning ERNIE 1.0 | 66.5±6.3 57.0±3.4 51.6±3.3 42.1±3.7 32.0±1.6 60.4±5.7 60.1±3.5 15.0±.4 50.3±1.4
PET ERNIE 1.0 | 84.0±4.8 59.9±3.0 56.4±.8 50.3±2.8 38.1±.3 58.4±3.4 61.1±4.4 40.6±2.5 58.7±1.4
P-tuning ERNIE 1.0 | 80.6±5.3 56.6±6.6 55.9±1.3 52.6±5.0 35.7±.8 60.8±5.3 51.8±3.5 39.6±1.7 55.7±2.0
EFL ERNIE 1.0 | 76.7±6.3 47.9±2.3 56.3±.6 52.1±2.2 48.7±2.5 54.6±8.1 52.8±3.2 30.3±4.3 52.3±3.7
PaddleNLP P-tuning + R-Drop | 83.61 61.57 58.06 51.68 35.71 64.39 57.72 41.09 53.48
PaddleNLP EFL + R-Drop | 86.56 53.98 56.27 48.54 37.66 62.81 62.44 46.35 56.97
PaddleNLP PET + R-Drop | 87.54 62.16 58.91 53.46 36.83 62.87 57.29 40.31 55.84
"""


def _cell(text: str) -> tuple[float, float | None]:
    mean, _, deviation = text.partition("±")
    return float(mean), float(deviation) if deviation else None


PUBLISHED = {
    name.strip(): dict(zip(TASKS, map(_cell, cells.split()), strict=True))
    for name, _, cells in (line.partition("|") for line in _ROWS.splitlines())
}


def score(row: dict[str, tuple[float, float | None]]) -> float:
    """The Score of the benchmark: the plain mean of the nine tasks.

    Example:
        >>> round(score(PUBLISHED["P-tuning RoBERTa"]), 2)
        59.91
    """
    return sum(row[task][0] for task in TASKS) / len(TASKS)
