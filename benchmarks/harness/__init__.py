"""What the benchmark scripts share: data (data.py), measured child processes (process.py), lexicon scores
(lexicons.py), information by plain counting (information.py), and JSON lines, tables and results (report.py)."""
