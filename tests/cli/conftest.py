"""What the tests of the command line share: a command run here."""
import pytest

from npnet.cli import main


@pytest.fixture
def npnet_(capsys):
    """npnet_("info", "--json") runs a command here and gives its exit code, output and errors."""
    def run(*words):
        code = main(words)
        streams = capsys.readouterr()
        assert "Traceback" not in streams.out + streams.err
        return code, streams.out, streams.err
    return run
