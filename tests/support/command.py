"""The ``zhnlp`` command for tests: in this process, refused, or in a process of its own."""

import subprocess
import sys

from typer.testing import CliRunner

from zhnlp.cli import app


def zhnlp(*arguments, code=0, stdin=None):
    """Run the command in this process; every refusal must be a line for people, never a traceback."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
    assert result.exit_code == code, (result.exit_code, result.stderr, result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.stderr
    return result


def refused(*arguments, stdin=None):
    """What the command says on stderr when it refuses with exit code 2; it must have printed no result."""
    result = zhnlp(*arguments, code=2, stdin=stdin)
    assert result.stdout == ""
    return " ".join(result.stderr.split())


def shell(*arguments, **options):
    """Run the command in a process of its own."""
    command = [sys.executable, "-c", "from zhnlp.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, timeout=100, **options)
