"""Compiled programs: kept in the user's cache, trusted only where nobody else may write, and never in the way."""

import os
import pwd
import re
import subprocess
import sys
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
import torch

from unexpected_core import load_detector
from unexpected_core.images import trial_image
from unexpected_core.pipeline import torch_runner
from unexpected_core.pipeline.detector import Detector
from unexpected_core.pipeline.programs import store
from unexpected_core.pipeline.programs.compiling import compiler
from unexpected_core.pipeline.programs.program import Program
from unexpected_core.pipeline.programs.store import KEPT, forget_oldest, program_name, programs_folder
from unexpected_core.pipeline.settings import DetectorSettings, ModelSettings
from unexpected_core.scorers import SCORERS, build_scorer
from unexpected_core.scorers.random import RandomScorer
from unexpected_core.scorers.served import Served

PLAIN = {"precision": "float32", "warmup": False}
SIZES = ((100, 200), (97, 131), (128, 256), (30, 9), (5, 5))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The folder of programs: of a user who has none yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "unexpected"


def detector(runtime="compile", **options):
    return load_detector("random", "cpu", runtime=runtime, **PLAIN | options)


def own_file(dtype=torch.float32, seed=0):
    scorer = build_scorer("random", seed=seed).eval()
    scorer.fuse()
    return programs_folder() / program_name(Served(scorer, dtype))


def assert_works(found):
    """As eager does, at sizes that the networks pad, and at some that are too small for the program."""
    expected = detector("eager")
    images = [trial_image(*size) for size in (*SIZES, SIZES[1])]
    for one, other in zip(found.detect_batch(images), expected.detect_batch(images), strict=True):
        np.testing.assert_allclose(one.score, other.score, atol=1e-5)
        assert np.mean(one.labels != other.labels) < 1e-3
        assert np.abs(one.resynthesis.astype(int) - other.resynthesis).max() <= 1
    assert found.detect(images[0], resynthesis=False).resynthesis is None


def test_auto_neither_compiles_nor_makes_a_folder(cache, monkeypatch, caplog):
    monkeypatch.setattr(store, "compile_program", lambda *_: pytest.fail("compiled"))
    with monkeypatch.context() as nothing_there:
        nothing_there.setattr(store, "program_name", lambda _: pytest.fail("looked at all weights"))
        assert detector("auto").runtime == "eager" and not cache.exists()
    cache.mkdir(mode=0o700, parents=True)
    assert detector("auto").runtime == "eager" and not caplog.records


@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_a_folder_that_others_may_write_to_is_not_trusted(cache, caplog, mode):
    cache.mkdir(parents=True)
    cache.chmod(mode)
    for runtime in ("auto", "compile"):
        own_file().write_bytes(b"evil")
        caplog.clear()
        assert detector(runtime).runtime == "eager"
        assert f"others may write to {cache}, and programs are code" in caplog.text and len(caplog.records) == 1
        assert own_file().read_bytes() == b"evil"


def test_a_file_that_others_may_write_to_or_own_is_not_trusted(cache, caplog, monkeypatch):
    cache.mkdir(mode=0o700, parents=True)
    file = own_file()
    file.write_bytes(b"evil")
    file.chmod(0o666)
    assert detector("auto").runtime == "eager" and f"others may write to {file}" in caplog.text
    file.chmod(0o644)
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    monkeypatch.setattr(store, "ROOT", 4712)  # the tests may run as root
    caplog.clear()
    assert detector("auto").runtime == "eager" and f"others may write to {cache}" in caplog.text


def test_a_new_folder_is_private(cache, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    before = os.umask(0)
    try:
        detector()
    finally:
        os.umask(before)
    assert cache.stat().st_mode & 0o777 == 0o700


def test_without_a_compiler_eager_runs_and_the_reason_is_said(cache, monkeypatch, caplog):
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert_works(detector())
    assert "runtime=compile: no compiler no-such-compiler; install g++; going on with eager" in caplog.text


def test_nothing_is_compiled_where_nothing_tells_when_its_code_changes(cache, monkeypatch, caplog):
    forward = RandomScorer.forward
    monkeypatch.setattr(RandomScorer, "forward", lambda scorer, images: forward(scorer, images))
    assert detector("auto").runtime == "eager" and not caplog.records
    assert detector().runtime == "eager" and "whose changes are not seen; set its `revision`; going on" in caplog.text


def test_where_nothing_can_be_kept_eager_runs_and_the_reason_is_said(tmp_path, cache, monkeypatch, caplog):
    (tmp_path / "cache").write_text("a file, no folder")
    assert_works(detector())
    assert f"runtime=compile: cannot keep compiled programs in {cache} (" in caplog.text


def test_a_cache_that_cannot_even_be_looked_at_stops_nobody(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ("long" * 99)))
    assert detector("auto").runtime == "eager" and not caplog.records
    assert detector().runtime == "eager" and "File name too long); going on with eager" in caplog.text


def test_a_user_without_a_home_folder_is_told_only_when_compiling(monkeypatch, caplog):
    def nobody(_):
        raise KeyError("uid not found")

    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert detector("auto").runtime == "eager" and not caplog.records
    assert detector().runtime == "eager" and "this user has no home folder; set HOME" in caplog.text


def test_a_disk_that_is_full_while_compiling_leaves_nothing(cache, monkeypatch, caplog):
    def compile_half(eager, target, key):
        target.write_bytes(b"PK")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "compile_program", compile_half)
    assert detector().runtime == "eager" and list(cache.iterdir()) == []
    said = r"compiling random failed \(\[Errno 28\] No space left on device; \d+ MiB .*\.pt2'\); going on with eager"
    assert re.search(said, caplog.text)


def test_auto_goes_on_without_a_file_that_is_no_program(cache, caplog):
    cache.mkdir(mode=0o700, parents=True)
    own_file().write_bytes(b"half")
    assert_works(detector("auto"))
    assert f"runtime=auto: cannot use {own_file()}: File is not a zip file; going on with eager" in caplog.text


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({}, r"it holds 0 files \*wrapper_metadata\.json"),
        ({"wrapper_metadata.json": "{"}, "Expecting property name"),
        ({"wrapper_metadata.json": '{"key": "other"}'}, "it is the program of something else"),
        ({"wrapper_metadata.json": '{"key": "OWN"}', "a.json": ""}, "it needs operators that cannot be called"),
        ({"wrapper_metadata.json": '{"key": "OWN"}', "wrapper.so": "no library"}, r"program\.so: "),
    ],
)
def test_auto_goes_on_without_a_program_that_is_not_whole(cache, caplog, members, reason):
    cache.mkdir(mode=0o700, parents=True)
    file = own_file()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text.replace("OWN", file.stem))
    assert_works(detector("auto"))
    assert re.search(rf"runtime=auto: cannot use {file}: .*{reason}.*; going on with eager", caplog.text)


def test_networks_that_name_no_multiple_are_not_compiled_nor_looked_at_for_it(cache, caplog, monkeypatch):
    monkeypatch.setattr(store, "quick_fingerprint", lambda _: pytest.fail("a gigabyte of weights read for nothing"))
    cache.mkdir(mode=0o700, parents=True)
    for runtime in ("auto", "compile"):
        assert not caplog.records
        model = ModelSettings(device="cpu", runtime=runtime, **PLAIN)
        scorer = build_scorer("iccv2019", **SCORERS["iccv2019"].small).eval()
        assert Detector(scorer, DetectorSettings(model=model)).runtime == "eager"
    assert (
        "iccv2019 cannot be compiled for all sizes: its networks name no multiple; going on with eager" in caplog.text
    )


def test_each_program_is_for_its_weights_precision_torch_and_processor(cache, monkeypatch):
    first = own_file()
    assert own_file() == first and own_file(torch.bfloat16) != first
    assert own_file(seed=1) != first
    monkeypatch.setattr(torch, "__version__", "9.9")
    second = own_file()
    monkeypatch.setattr(store, "processor_flags", lambda: {"avx9"})
    assert len({first, second, own_file()}) == 3


def test_old_programs_go(tmp_path):
    for i in range(KEPT + 3):
        (tmp_path / f"{i}.pt2").touch()
        os.utime(tmp_path / f"{i}.pt2", (i, i))
    (tmp_path / "other").touch()
    forget_oldest(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {f"{i}.pt2" for i in range(3, KEPT + 3)} | {"other"}


def test_a_program_that_fails_later_is_given_up(monkeypatch, caplog):
    def open_program(eager, make):
        def run(images, paint):
            if images.shape[2] > 2 * images.shape[1]:
                raise RuntimeError("cannot\nmore")
            return eager(images, paint)

        return run

    monkeypatch.setattr(torch_runner, "open_program", open_program)
    found = detector()
    small, large = trial_image(40, 60), trial_image(40, 160)
    found.detect(small)
    assert found.runtime == "compile"
    score = found.detect(large).score
    assert "the compiled program failed (cannot); going on without it" in caplog.text and found.runtime == "eager"
    np.testing.assert_array_equal(score, detector("eager").detect(large).score)


START = """
import logging, sys
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
from unexpected_core import load_detector
load_detector("random", "cpu", runtime=sys.argv[1], precision="float32", warmup=False)
print("inductor", any(name.startswith("torch._inductor") for name in sys.modules))
"""


def start(runtime):
    return subprocess.Popen([sys.executable, "-P", "-c", START, runtime], stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif(compiler() is None, reason="compiling needs g++")
def test_a_compiled_program_serves_all_later_starts(cache, caplog, monkeypatch):
    """In one test, for compiling takes long: two processes at once, then what can become of the file."""
    both = [start("compile"), start("compile")]
    for process in both:
        said = process.communicate()[0]
        assert process.returncode == 0 and "compiling random for this machine" in said and ", compile (" in said
    assert [file.name for file in cache.iterdir()] == [own_file().name]
    later = start("auto").communicate()[0]
    assert ", compile (" in later and "compiled for this machine" in later and "inductor False" in later
    whole = own_file().read_bytes()
    monkeypatch.setattr(store, "compile_program", lambda *_: pytest.fail("compiled again"))
    for runtime in ("auto", "compile"):
        found = detector(runtime)
        assert found.runtime == "compile"
        assert_works(found)
    assert not caplog.records
    run = Program(own_file(), own_file().stem, Served(build_scorer("random")))
    large = torch.from_numpy(trial_image(1000, 2000))[None]
    assert min(longest_wait(lambda: run(large)) for _ in range(8)) < 0.5, "it lets other threads run"

    own_file(torch.bfloat16).write_bytes(whole)
    assert (
        detector("auto", precision="bfloat16").runtime == "eager" and "is the program of something else" in caplog.text
    )
    for damage in (cut, flip):
        caplog.clear()
        damage(own_file(), whole)
        assert_works(detector("auto"))
        assert f"runtime=auto: cannot use {own_file()}: " in caplog.text and len(caplog.records) == 1
    monkeypatch.setattr(store, "compile_program", lambda eager, target, key: target.write_bytes(whole))
    found = detector("compile")
    assert found.runtime == "compile" and "making it anew" in caplog.text
    assert_works(found)
    assert detector("auto").runtime == "compile"


def longest_wait(work):
    """Of another thread while this one works, as a share of that time."""
    ticks, done = [], threading.Event()

    def tick():
        while not done.wait(0.001):
            ticks.append(time.perf_counter())

    with ThreadPoolExecutor(1) as other:
        other.submit(tick)
        start = time.perf_counter()
        work()
        end = time.perf_counter()
        done.set()
    times = [start, *(t for t in ticks if start < t < end), end]
    return max(b - a for a, b in pairwise(times)) / (end - start)


def cut(file, whole):
    file.write_bytes(whole[: len(whole) // 2])


def flip(file, whole):
    """One byte of the library in it."""
    file.write_bytes(whole)
    with zipfile.ZipFile(file) as archive:
        library = max(archive.infolist(), key=lambda member: member.file_size)
    middle = library.header_offset + library.file_size // 2
    file.write_bytes(whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :])
