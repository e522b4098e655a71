"""A ROS domain for a program that must hear nobody else: none that another such program is in. No ROS."""

from __future__ import annotations

import os
from socket import AF_UNIX, socket

SAFE = 101
"""The domains 1..SAFE are safe on Linux: the ports of others may be those of outgoing connections."""


class DomainError(RuntimeError):
    """All domains are taken; the message says so, and the cure."""


def free_domain() -> tuple[socket, str]:
    """A domain that is ours as long as the socket is open. Raises DomainError.

    It is not that of ROS_DOMAIN_ID, where there may be others: not all nodes take their domain here.
    """
    for number in range(os.getpid(), os.getpid() + SAFE):
        if (domain := str(1 + number % SAFE)) == os.environ.get("ROS_DOMAIN_ID"):
            continue
        sign = socket(AF_UNIX)
        try:
            sign.bind(f"\0unexpected-ros-domain-{domain}")  # a name, and no file, of the network that nodes share
        except OSError:
            sign.close()
            continue
        return sign, domain
    raise DomainError("other programs have taken all ROS domains; end some of them")


_taken: list[socket] = []


def take_domain() -> str:
    """Let this process and those that it starts be in a domain of their own until it ends. Raises DomainError."""
    sign, os.environ["ROS_DOMAIN_ID"] = free_domain()
    _taken.append(sign)
    return os.environ["ROS_DOMAIN_ID"]
