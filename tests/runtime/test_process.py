"""A process is known by its pid and its start, whatever the clock does."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys

import psutil
import pytest

from devtrail_tui.runtime.process import alive, host_name, start_of, this_process


def test_this_process_lives_and_another_under_its_number_is_not_it() -> None:
    here = this_process()
    assert here.pid == os.getpid()
    assert alive(here.pid, here.start)
    assert not alive(here.pid, here.start - 0.01)
    assert not alive(here.pid, here.start + 0.01)


@pytest.mark.usefixtures("processes")
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


NEW_NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc"]


def _may_make_namespaces() -> bool:
    return shutil.which("unshare") is not None and not subprocess.run([*NEW_NAMESPACE, "true"], check=False).returncode


@pytest.mark.skipif(not _may_make_namespaces(), reason="needs Linux, unshare and root, as a container runtime does")
def test_two_containers_with_one_name_are_two_hosts() -> None:
    say = "from devtrail_tui.runtime.process import host_name; print(host_name())"
    command = [*NEW_NAMESPACE, sys.executable, "-c", say]
    inside = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert inside.startswith(f"{socket.gethostname()}/pid:[")
    assert inside != host_name()


def test_without_namespaces_the_name_is_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_path: str) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(os, "readlink", none)
    assert host_name() == socket.gethostname()
