"""Names of `zhnlp.few_shot` cost no torch until something is scored.

Run: pytest tests/few_shot/test_imports.py
"""

import subprocess
import sys

import zhnlp.few_shot


def test_classes_are_imported_without_torch():
    code = (
        "import sys; from zhnlp.few_shot import PromptClassifier, Template; "
        "PromptClassifier(labels=['好', '差']); Template('{text}很{mask}'); "
        "print([name for name in ('torch', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_name_is_there():
    for name in zhnlp.few_shot.__all__:
        assert getattr(zhnlp.few_shot, name).__doc__
