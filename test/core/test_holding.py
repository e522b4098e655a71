"""One process at a time in a folder."""

import errno
import fcntl
import subprocess
import sys

import pytest

from unexpected_core.holding import held

REFUSAL = ValueError("it is held")


def test_a_folder_is_held_against_a_second_one_until_the_first_lets_go_or_is_killed(tmp_path):
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom unexpected_core.holding import held\n"
        "with held(Path(sys.argv[1]), OSError()):\n    print('mine', flush=True)\n    time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"mine\n"
        with pytest.raises(ValueError, match="it is held"), held(tmp_path, REFUSAL):
            pass
        other.kill()
    with held(tmp_path, REFUSAL), pytest.raises(ValueError, match="it is held"), held(tmp_path, REFUSAL):
        pass
    with held(tmp_path, REFUSAL):
        pass


def test_where_a_file_system_knows_of_no_locks_the_work_is_done_all_the_same(tmp_path, monkeypatch):
    def flock(*_):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", flock)
    with held(tmp_path, REFUSAL):
        pass
