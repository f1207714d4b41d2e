"""One self-contained HTML page of a mined lexicon: search it, sort it, see it in context, take it along."""

from zhnlp.mining.report.columns import WORD_COLUMNS, Column
from zhnlp.mining.report.term_columns import TERM_COLUMNS
from zhnlp.mining.report.write import write_report

__all__ = ["TERM_COLUMNS", "WORD_COLUMNS", "Column", "write_report"]
