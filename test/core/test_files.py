"""Files that are whole or absent, and the commit that made them."""

import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from unexpected_core import files
from unexpected_core.cli.main import main
from unexpected_core.config import SettingsError, build
from unexpected_core.datasets import DatasetError, open_dataset
from unexpected_core.evaluation.store import write_score
from unexpected_core.files import HomeError, atomic_path, expand_home, visible
from unexpected_core.images import write_image
from unexpected_core.media.drive import write_bag
from unexpected_core.media.footage import open_footage
from unexpected_core.pipeline.settings import DetectSettings
from unexpected_core.weights.cards import Card, WeightsError
from unexpected_core.weights.reading import write_weights


def test_only_whole_files_are_listed(tmp_path):
    """A kill leaves what `atomic_path` was writing; systems and editors leave hidden folders."""
    for name in ("b.png", "a.png", ".a.png.k1ll3d.png", "more/c.png", ".trash/d.png", "more/.e.png", "a.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    assert [path.name for path in visible(tmp_path, "*.png")] == ["a.png", "b.png"]
    assert [path.name for path in visible(tmp_path, "**/*.png")] == ["a.png", "b.png", "c.png"]
    assert [path.name for path in visible(tmp_path / ".trash", "*.png")] == ["d.png"], "asked for by name"
    assert visible(tmp_path / "nowhere", "*") == []


def test_what_does_not_fit_on_the_disk_is_named(files_no_longer_than, tmp_path):
    """NumPy says '80128 requested and 4096 written', the system 'File too large', and neither of what."""
    path = tmp_path / "0001.npy"
    with files_no_longer_than(4096):
        with pytest.raises(OSError, match=r"\d+ MiB are free there.*0001\.npy"), files.atomic_path(path) as temporary:
            temporary.write_bytes(b"x" * 8192)
        with pytest.raises(
            OSError, match=r"cannot be written whole \(.* requested and .* written\); \d+ MiB .*0001\.npy"
        ):
            write_score(tmp_path, "0001", np.zeros((100, 200), np.float32), "float32")
        with pytest.raises(
            WeightsError, match=r"cannot write .*w\.safetensors: .*Make room and run the same command again"
        ):
            write_weights(tmp_path / "w.safetensors", {"a": torch.zeros(10000)}, Card(name="w", architecture="x"))
        with pytest.raises(OSError, match=r"\d+ MiB are free there.*drive\.mcap"):
            write_bag(
                tmp_path / "drive.mcap",
                [(np.random.default_rng(0).integers(0, 255, (100, 200, 3), np.uint8),)],
                rate=10,
            )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("settled", [True, False])
def test_what_must_outlast_a_power_cut_is_on_the_disk_before_it_has_its_name(settled, tmp_path, monkeypatch):
    file, calls, sync = tmp_path / "weights", [], os.fsync

    def noted(handle):
        calls.append((str(Path(f"/proc/self/fd/{handle}").readlink()), file.exists()))
        sync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    with atomic_path(file, settled=settled) as temporary:
        temporary.write_text("all of it")
    assert file.read_text() == "all of it"
    assert calls == ([(str(temporary), False), (str(tmp_path), True)] if settled else [])


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_files_may_be_read_by_whom_the_user_lets(umask, mode, tmp_path):
    before = os.umask(umask)
    try:
        files.write_text(tmp_path / "found.json", "{}")
    finally:
        os.umask(before)
    assert (tmp_path / "found.json").stat().st_mode & 0o777 == mode


def test_folders_that_are_links_are_looked_into_once(tmp_path, caplog):
    """Frames of many drives are often gathered by links; one that leads back must not lead round for ever."""
    for name in ("disk/drive/b.png", "frames/a.png"):
        (tmp_path / name).parent.mkdir(parents=True)
        write_image(tmp_path / name, np.zeros((4, 6, 3), np.uint8))
    (tmp_path / "frames/day").symlink_to(tmp_path / "disk/drive")
    (tmp_path / "disk/drive/back").symlink_to(tmp_path / "frames")
    (tmp_path / "frames/itself").symlink_to(tmp_path / "frames")
    found = visible(tmp_path / "frames", "**/*.png")
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["frames/a.png", "frames/day/b.png"]
    assert open_dataset("image_folder", tmp_path / "frames").keys == ("a", "day/b")
    assert [shot.name for shot in open_footage(tmp_path / "frames").shots()] == ["a.png", "day/b.png"]
    assert not caplog.records
    (tmp_path / "frames/gone.png").symlink_to(tmp_path / "lost.png")
    visible(tmp_path / "frames", "**/*.png")
    assert "frames: 1 links that lead nowhere, or no files, are left out, such as gone.png" in caplog.text
    (tmp_path / "frames/a.png").unlink()
    assert open_dataset("image_folder", tmp_path / "frames").keys == ("day/b",)


def test_the_commit_is_the_packages_own_and_not_that_of_a_checkout_around_it(tmp_path, monkeypatch):
    def git(*arguments):
        subprocess.run(["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x", *arguments], check=True)

    def commit_of(name):
        monkeypatch.setattr(files, "__file__", str(tmp_path / name))
        return files.commit.__wrapped__()

    (tmp_path / "files.py").touch()
    git("init", "--quiet")
    git("add", "files.py")
    git("commit", "--quiet", "--message=x")
    (tmp_path / "installed.py").touch()
    (tmp_path / "link.py").symlink_to("files.py")
    assert re.fullmatch("[0-9a-f]{12}", commit_of("files.py"))
    assert commit_of("link.py") == commit_of("files.py")
    assert commit_of("installed.py") == ""
    (tmp_path / "files.py").write_text("changed")
    assert commit_of("files.py").endswith("+")


def test_a_user_without_a_home_folder(monkeypatch, tmp_path, capsys):
    import pwd

    def nobody(_):
        raise KeyError("uid not found")

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(HomeError, match=r"'~/x': this user has no home folder; set HOME, or write the folder out"):
        expand_home("~/x")
    assert expand_home("/x/~y").as_posix() == "/x/~y"
    with pytest.raises(DatasetError, match=r"its folder is not known.* into roots\.yaml\."):
        open_dataset("cityscapes")
    for setting in ("roi", "ego_mask"):
        with pytest.raises(SettingsError, match=f"setting '{setting}' = '~/mask.png': .* no home folder; set HOME"):
            build(DetectSettings, {setting: "~/mask.png"})
    assert main(["data", "list"]) == 0
    assert main(["weights", "inspect", "~/mine"]) == 2
    error = capsys.readouterr().err
    assert "no home folder" in error and error.count("\n") == 1
