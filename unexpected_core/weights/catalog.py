"""Finding weight files: the shipped ones by name, any other by file or folder. Loads no torch."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from unexpected_core.config import unknown_name
from unexpected_core.files import expand_home, visible
from unexpected_core.log import LOGGER
from unexpected_core.networks.choices import SIZE
from unexpected_core.weights.cards import WeightsError, read_card

FINGERPRINT = re.compile("[0-9a-f]{8,64}")
FOLDER = Path(__file__).parent
SUFFIX = ".safetensors"
RANDOM = "random"
"""What `load_scorer` takes, and `unexpected detect` and the node with it: a detector that has no weight file."""
BASELINES = "_baselines"
"""What a detector's baselines add to its file's name: fast_baselines.safetensors stands beside fast.safetensors."""


def shipped() -> dict[str, Path]:
    """Name -> weight file of every detector that comes with the package."""
    return {path.stem: path for path in _detectors(FOLDER)}


def find_baselines(weights: Path) -> Path:
    """A detector's weight file -> that of its baselines, beside it.

    Raises WeightsError saying how to train them, or that there are none for such a detector.
    """
    refuse_without_baselines(weights)
    path = weights.with_stem(weights.stem + BASELINES)
    if not path.is_file():
        raise WeightsError(
            f"no baselines of the detector {weights}: expected {path.name} beside it. To train them: "
            f"unexpected train fast_baselines --set task.start={weights}; then copy the two files "
            f"{path.stem}.* of the run folder there"
        )
    return path


def refuse_without_baselines(weights: Path) -> None:
    """Raise WeightsError where a detector can have no baselines and no cue heads: their networks are of one width."""
    card = read_card(weights)
    if card.architecture != "fast":
        found = f"architecture='{card.architecture}'"
    elif card.size != SIZE:
        found = f"task.size={card.size}"
    else:
        return
    raise WeightsError(
        f"{weights} has {found}: there are baselines and cue heads only for 'fast' detectors of task.size={SIZE}"
    )


def _detectors(folder: Path) -> list[Path]:
    return [path for path in visible(folder, f"*{SUFFIX}") if not path.stem.endswith(BASELINES)]


def find_weights(name_or_path: str | Path, or_random: bool = False) -> Path:
    """A shipped name, a weight file, or a folder that holds exactly one -> the weight file. Raises WeightsError.

    A shipped name may be followed by the first digits of a fingerprint, as in model ids ('fast-98f57f30'): those very
    weights, and not what a later version of the package ships under the name; or by '_baselines': those beside it.
    or_random: the caller takes 'random', too, so that it is among the names that may have been meant.
    """
    text = str(name_or_path)
    if found := _shipped(text):
        return found
    path = expand_home(text)
    if path.is_dir():
        return _only_one(path)
    if path.is_file() and path.suffix == SUFFIX:
        return path
    if path.is_file():
        raise WeightsError(f"{path} is not a {SUFFIX} file: import other formats with 'unexpected weights import'")
    known = list(shipped()) or ["none in this installation"]
    expected = f"expected a shipped name ({', '.join(known)}), a {SUFFIX} file or its folder"
    if text == RANDOM:
        raise WeightsError(
            f"'{RANDOM}' has no weight file: {expected}; to train 'fast' from random weights leave task.start empty"
        )
    if path.suffix or len(path.parts) > 1:
        raise WeightsError(f"no weight file {path}: {expected}")
    unknown = unknown_name("detector", text, [RANDOM, *known] if or_random else known)
    raise WeightsError(f"{unknown}; or give a {SUFFIX} file or its folder")


def weight_files(name_or_path: str) -> list[Path]:
    """That of a shipped name, as everywhere, else all of a folder, else the one of that name. Raises WeightsError."""
    inside = [] if _shipped(name_or_path) else visible(expand_home(name_or_path), f"*{SUFFIX}")
    return inside or [find_weights(name_or_path)]


def _shipped(text: str) -> Path | None:
    """The weight file of a shipped name, see find_weights; None where it is none. Raises WeightsError."""
    if text in shipped():
        _tell_of_namesake(Path(text).absolute())
        return shipped()[text]
    if text.endswith(BASELINES) and (base := text.removesuffix(BASELINES)) in shipped():
        return find_baselines(shipped()[base])
    name, _, fingerprint = text.rpartition("-")
    if name in shipped() and FINGERPRINT.fullmatch(fingerprint):
        return _these_very(shipped()[name], fingerprint)
    return None


@cache
def _tell_of_namesake(folder: Path) -> None:
    """Say once that a folder of weights that bears a shipped name is not what the name means."""
    if _detectors(folder):
        LOGGER.warning("'%s' is the detector that is shipped; for the one in that folder give %s", folder.name, folder)


def _these_very(path: Path, fingerprint: str) -> Path:
    card = read_card(path)
    if not card.sha256.startswith(fingerprint):
        raise WeightsError(
            f"'{path.stem}-{fingerprint}' is not what comes with this version, which has {card.model_id}: take "
            f"{path.name} and its card from a version that shipped it (git log -- {path.stem}.json), and give the file"
        )
    return path


def _only_one(folder: Path) -> Path:
    found = _detectors(folder)
    if len(found) == 1:
        return found[0]
    names = ", ".join(path.name for path in found) or "none"
    raise WeightsError(f"{folder} must hold exactly one {SUFFIX} file, found {names}; give the file itself")
