import json

import pyarrow
import pyarrow.parquet
import pytest

from zhnlp.similarity import read_faq
from zhnlp.text.report import CorpusError

ROWS = [
    {"question": "怎么退款", "answer": "申请", "id": 7},
    {"question": "发货,多久", "answer": "两天", "id": 8},
]


def write(folder, ending):
    path = folder / f"faq{ending}"
    if ending == ".parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), path)
    elif ending == ".jsonl":
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS), "utf-8")
    else:
        mark = "," if ending == ".csv" else "\t"
        lines = [
            mark.join(ROWS[0]),
            *(
                mark.join((f'"{value}"' if mark == "," else str(value)) for value in row.values())
                for row in ROWS
            ),
        ]
        path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_every_kind_of_file(ending, tmp_path):
    assert read_faq(write(tmp_path, ending))[:3] == (["怎么退款", "发货,多久"], ["申请", "两天"], ["7", "8"])


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("question,answer\n甲,乙\n", (), (["甲"], ["乙"], None)),
        ("id,question\n甲,乙\n", (), (["乙"], None, ["甲"])),
        ("question\n甲\n", (), (["甲"], None, None)),
        ("问题,回答\n甲,乙\n", (), (["甲"], ["乙"], None)),
        ("甲,乙\n丙,丁\n", (), (["甲", "丙"], ["乙", "丁"], None)),
        ("q,a,n\n甲,乙,丙\n", ("q", "a", "n"), (["甲"], ["乙"], ["丙"])),
        ("q,a\n甲,乙\n", ("q", "a"), (["甲"], ["乙"], None)),
    ],
    ids=["two", "id", "one", "Chinese", "no header", "named", "two named"],
)
def test_columns(text, names, expected, tmp_path):
    (tmp_path / "faq.csv").write_text(text, "utf-8")
    assert read_faq(tmp_path / "faq.csv", names=names)[:3] == expected


def test_broken_rows_are_counted(tmp_path):
    (tmp_path / "faq.csv").write_text("question,answer\n甲,乙\n,丙\n丁\n", "utf-8")
    found = read_faq(tmp_path / "faq.csv")
    assert found.questions == ["甲"] and sum(found.report.skipped.values()) == 2


def test_refusals(tmp_path):
    (tmp_path / "faq.jsonl").write_text('{"text": "甲"}\n', "utf-8")
    with pytest.raises(CorpusError, match="expected question"):
        read_faq(tmp_path / "faq.jsonl")
    (tmp_path / "empty.csv").write_text("", "utf-8")
    with pytest.raises(ValueError, match="no question"):
        read_faq(tmp_path / "empty.csv")
    with pytest.raises(FileNotFoundError):
        read_faq(tmp_path / "none.csv")
