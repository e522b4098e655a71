"""Where the authors' checkpoints lie: files, folders of experiments, trees of them, and links into stores of data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from unexpected_core.weights.cards import WeightsError

CHECKPOINTS = ("chk_best.pth", "chk_last.pth", "latest_net_G.pth", "latest_net_D.pth")
"""Names under which the original's experiments keep weights, best first."""


def find_checkpoints(path: str | Path) -> Iterator[tuple[str, Path]]:
    """(experiment, file) of a file, an experiment's folder or a tree of them. Raises WeightsError when there is none.

    The experiment is the name of the folder, or of the link to it; what a config.json beside it says about paths is of
    no interest. Broken links and folders that may not be read are given too: to open them says what is wrong.
    """
    path = Path(path)
    path = path if _may_enter(path.parent) else path.parent
    if path.is_file() or _is_broken_link(path):
        yield experiment_of(path), path
        return
    found = [file for folder in _folders(path) for file in _checkpoints_in(folder)]
    if not found:
        what = "holds no" if path.is_dir() else "does not exist; expected a folder with"
        raise WeightsError(
            f"{path} {what} {', '.join(CHECKPOINTS)}; give a checkpoint, an experiment's folder or the "
            "folder that holds the experiments (0120_BayesSegNet_BDD, ...)"
        )
    for file in found:
        yield experiment_of(file), file


def experiment_of(path: Path) -> str:
    """Name of the experiment a checkpoint belongs to: its folder's, or its own where the file was renamed."""
    known = path.name in CHECKPOINTS
    # Links are not resolved: stores of data keep files under hashes.
    name = path.absolute().parent.name if known else path.stem
    return f"{name}_discriminator" if path.name == "latest_net_D.pth" else name


def _folders(path: Path) -> list[Path]:
    """The folder and all below it, links followed, each once, sorted; without hidden ones, with unreadable ones."""
    seen, found = set(), []

    def keep(error: OSError) -> None:
        if isinstance(error, PermissionError):
            found.append(Path(error.filename))

    for name, below, _ in os.walk(path, onerror=keep, followlinks=True):
        real = os.path.realpath(name)
        below[:] = [] if real in seen else [each for each in below if not each.startswith(".")]
        if real not in seen:
            found.append(Path(name))
        seen.add(real)
    return sorted(found)


def _checkpoints_in(folder: Path) -> list[Path]:
    if not _may_enter(folder):
        return [folder]
    there = [folder / name for name in CHECKPOINTS if (folder / name).is_file() or _is_broken_link(folder / name)]
    best = [file for file in there if file.name in CHECKPOINTS[:2]]
    return best[:1] + [file for file in there if file not in best]


def _may_enter(folder: Path) -> bool:
    """Whether files of the folder can be seen; os.access would ask for another user where a program changed its own."""
    try:
        next(os.scandir(folder), None)
        (folder / CHECKPOINTS[0]).lstat()
    except PermissionError:
        return False
    except OSError:
        pass
    return True


def _is_broken_link(path: Path) -> bool:
    return path.is_symlink() and not path.exists()
