"""For all tests: a ROS domain of their own, and what a test may need from outside the checkout."""

import atexit
import importlib.util
import os
import re
import resource
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from unexpected_ros.domains import DomainError, free_domain, take_domain

REPOSITORY = Path(__file__).resolve().parent.parent
NEEDS_BUILD = "needs the built ROS package: run `make test`, or `make build` and `source scripts/env.sh`"


# Nodes of this run must not hear those of another run or of another machine.
if "ROS_DOMAIN_ID" not in os.environ:
    try:
        take_domain()
    except DomainError as error:
        raise pytest.UsageError(str(error)) from None
os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
# Nor what this user has compiled: detectors would run it.
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="unexpected-tests-")
atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)


def _built() -> bool:
    try:
        return bool(importlib.util.find_spec("rclpy") and importlib.util.find_spec("unexpected_ros.msg"))
    except ModuleNotFoundError:
        return False


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("ros") and not _built():
        pytest.skip(NEEDS_BUILD)


def _refuse_skip_for_lack_of_ros(report: pytest.CollectReport | pytest.TestReport) -> None:
    """Where ROS must be there (`make test`), a test that skips itself for want of it has failed."""
    if report.skipped and "UNEXPECTED_REQUIRE_ROS" in os.environ:
        reason = str(report.longrepr)
        if NEEDS_BUILD in reason or re.search(r"could not import '(rclpy|\w+_msgs|std_srvs|unexpected_ros)\b", reason):
            report.outcome = "failed"
            report.longrepr = f"UNEXPECTED_REQUIRE_ROS is set, but: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    _refuse_skip_for_lack_of_ros(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    _refuse_skip_for_lack_of_ros(report)
    return report


@contextmanager
def _files_no_longer_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture(scope="session")
def files_no_longer_than():
    """Within `with files_no_longer_than(bytes):` the kernel makes no file longer: a full disk, for one process.

    Only around what is tried: pytest itself writes its dots to a file, where its output is kept.
    """
    return _files_no_longer_than


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real pictures beside the checkout, where there are any."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} is not there")
    return folder


@pytest.fixture
def lonely_domain():
    """A ROS domain without the nodes of the other tests."""
    sign, domain = free_domain()
    with sign:
        yield domain


@pytest.fixture
def nobody():
    """A folder of a user who is not allowed everything, and that user for the length of the test."""
    with tempfile.TemporaryDirectory() as name:
        folder, user = Path(name), os.geteuid()
        folder.chmod(0o755)
        os.chown(folder, 65534 if user == 0 else -1, -1)
        if user == 0:
            os.seteuid(65534)
        yield folder
        os.seteuid(user)
