"""The keys of a replay: what they ask for, and that they leave the terminal as it was."""

import os
import pty
import subprocess
import sys
import termios
import time

import pytest

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")
from unexpected_ros.tools.replay import obey  # noqa: E402
from unexpected_ros.tools.transport import Transport  # noqa: E402


def test_keys_of_a_terminal():
    deck = Transport(now=0.0)
    obey(" ", deck, 8.0)
    assert deck.paused and deck.position(9.0) == 8.0
    obey("left", deck, 9.0)
    assert deck.sought() == 3.0
    obey("up", deck, 9.0)
    assert deck.speed == 1.25
    obey("down", deck, 9.0)
    obey("x", deck, 9.0)
    obey("", deck, 9.0)
    assert deck.speed == 1.0 and deck.paused
    obey(" ", deck, 9.0)
    assert not deck.paused


def test_keys_reach_the_replay_through_a_terminal_which_is_left_as_it_was():
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    program = (
        "import os, fcntl, termios, time\n"
        "os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
        "from unexpected_ros.tools.keys import keys\n"
        "with keys() as pressed:\n"
        "    print('ready', flush=True)\n"
        "    found = []\n"
        "    while len(found) < 3:\n"
        "        found += filter(None, [pressed()])\n"
        "        time.sleep(0.01)\n"
        "print(found, flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdin=theirs, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    for key in (b" ", b"\x1b[C", b"."):
        os.write(ours, key)
        time.sleep(0.2)
    assert process.stdout.readline() == "[' ', 'right', '.']\n"
    assert process.wait(20) == 0
    assert termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)


def test_who_was_sent_to_the_background_goes_on_and_asks_the_terminal_no_more():
    """As by Ctrl-Z and bg in a shell, which then reads the keys, and has set the terminal as it needs it."""
    ours, theirs = pty.openpty()
    program = (
        "import os, fcntl, signal, termios, time\n"
        "os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
        "signal.signal(signal.SIGTTOU, signal.SIG_IGN)\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    os.setpgid(0, 0)\n"
        "    os.tcsetpgrp(0, os.getpgrp())\n"
        "    signal.signal(signal.SIGTTOU, signal.SIG_DFL)\n"
        "    from unexpected_ros.tools.keys import keys\n"
        "    with keys() as pressed:\n"
        "        print('ready', flush=True)\n"
        "        while os.tcgetpgrp(0) == os.getpgrp():\n"
        "            time.sleep(0.01)\n"
        "        for _ in range(100):\n"
        "            pressed()\n"
        "            time.sleep(0.01)\n"
        "    os._exit(0)\n"
        "while os.tcgetpgrp(0) != child:\n"
        "    time.sleep(0.01)\n"
        "time.sleep(1)\n"
        "os.tcsetpgrp(0, os.getpgrp())\n"
        "print('background', flush=True)\n"
        "_, status = os.waitpid(child, os.WUNTRACED)\n"
        "print('ended' if os.WIFEXITED(status) else 'stopped', flush=True)\n"
        "os.kill(child, signal.SIGKILL) if os.WIFSTOPPED(status) else None\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdin=theirs, stdout=subprocess.PIPE, text=True)
    assert [process.stdout.readline() for _ in range(2)] == ["ready\n", "background\n"]
    os.write(ours, b" \n")
    assert process.stdout.readline() == "ended\n"
    assert process.wait(20) == 0
    os.close(ours)
    os.close(theirs)
