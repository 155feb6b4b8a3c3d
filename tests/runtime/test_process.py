"""A process is known by its pid and its start, whatever the clock does."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil
import pytest

from devtrail_tui.runtime.process import alive, start_of, this_process


def test_this_process_lives_and_another_under_its_number_is_not_it() -> None:
    here = this_process()
    assert here.pid == os.getpid()
    assert alive(here.pid, here.start)
    assert not alive(here.pid, here.start - 0.01)
    assert not alive(here.pid, here.start + 0.01)


def test_an_ended_process_is_gone_also_while_its_parent_has_not_asked() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    start = start_of(psutil.Process(child.pid))
    assert alive(child.pid, start)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not alive(child.pid, start)
    child.communicate()
    assert not alive(child.pid, start)


@pytest.mark.skipif(not psutil.LINUX, reason="only Linux reckons a start from the clock of the moment")
def test_a_clock_that_is_set_makes_no_living_process_look_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    here, boot = this_process(), psutil.boot_time()
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: boot + 3600)
    assert psutil.Process().create_time() > boot + 3600
    assert alive(here.pid, here.start)
