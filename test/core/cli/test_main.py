"""The command line as a whole: what it refuses, in one line, and how quickly it helps."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest

from unexpected_core.cli.main import COMMANDS, main
from unexpected_core.images import write_image
from unexpected_core.log import progress
from unexpected_core.scorers import build_scorer
from unexpected_core.weights import catalog
from unexpected_core.weights.cards import Card
from unexpected_core.weights.reading import write_weights

CALL = "from unexpected_core.cli.main import main\nsys.exit(main(sys.argv[1:]))\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--save", ","], "--save: expected one or more of overlay, score, mask, labels, regions, labels_color"),
        (["--save", "overly"], "unknown kind 'overly'; did you mean 'overlay'"),
        (["--detector", "fsat"], "unknown detector 'fsat'"),
        (["--random-weights", "--device", "tpu0"], "unknown device 'tpu0'"),
        (["--random-weights", "--threshold", "3"], "setting 'threshold' = '3': Input should be less than"),
        (["--random-weights", "--scorer", "sofmax"], "unknown scorer 'sofmax'; did you mean 'softmax'"),
    ],
)
def test_wrong_words_are_refused_in_one_line(tmp_path, capsys, arguments, message):
    write_image(tmp_path / "photo.png", np.zeros((60, 90, 3), np.uint8))
    assert main(["detect", str(tmp_path / "photo.png"), "--out", str(tmp_path / "out"), *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("unexpected detect: ") and message in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_inputs_and_options_may_stand_in_any_order(tmp_path, capsys):
    for name in "ab":
        write_image(tmp_path / f"{name}.png", np.zeros((60, 90, 3), np.uint8))
    inputs, out = [str(tmp_path / f"{name}.png") for name in "ab"], str(tmp_path / "out")
    assert main(["detect", inputs[0], "--random-weights", "--out", out, inputs[1], "--save", "regions"]) == 0
    assert len((tmp_path / "out" / "regions.jsonl").read_text().splitlines()) == 2
    with pytest.raises(SystemExit, match="2"):
        main(["evaluate", "random", "--resamples", "5", "drawn", "too_many", "--out", out])
    assert "unexpected evaluate: error: unrecognized arguments: too_many" in capsys.readouterr().err


def test_results_of_an_option_with_a_tilde_lie_in_the_home_folder(tmp_path, monkeypatch):
    """Shells leave --out=~/found as it is; it made a folder named ~ where one stood, for `rm -r ~` to come."""
    write_image(tmp_path / "a.png", np.zeros((60, 90, 3), np.uint8))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert main(["detect", "../a.png", "--random-weights", "--save=regions", "--out=~/found"]) == 0
    assert (tmp_path / "home/found/regions.jsonl").is_file() and not list((tmp_path / "here").iterdir())


def test_names_behind_two_dashes_may_begin_with_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_image("-a.png", np.zeros((60, 90, 3), np.uint8))
    assert main(["detect", "--random-weights", "--save", "regions", "--out", "out", "--", "-a.png"]) == 0
    assert len((tmp_path / "out" / "regions.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize("command", ["detect x.mp4 --every 0", "ego-mask x.mp4 --most -1", "bench --cameras 0"])
def test_numbers_of_frames_are_one_or_more(command, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        main([*command.split(), "--out", str(tmp_path / "out")])
    assert "expected a whole number of 1 or more, found" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["mine", "mine.safetensors"])
def test_the_card_of_shipped_weights_is_not_written(name, tmp_path, capsys, monkeypatch):
    card = Card(name="mine", architecture="random")
    write_weights(tmp_path / "mine.safetensors", build_scorer("random").state_dict(), card)
    before = (tmp_path / "mine.json").read_bytes()
    monkeypatch.setattr(catalog, "FOLDER", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["weights", "statistics", name, "--data", "drawn", "--limit", "1"]) == 2
    assert "mine comes with the package, and its card stays as it is: copy" in capsys.readouterr().err
    assert (tmp_path / "mine.json").read_bytes() == before


@pytest.mark.parametrize(
    "command",
    [
        "evaluate random drawn --out",
        "evaluate random drawn --out x --root",
        "detect x.png --out",
        "train fast --run",
        "ego-mask x.mp4 --out",
        "export fast --onnx",
        "bench --out",
        "data draw --out",
        "data show --data drawn --root",
        "data show --data drawn --out",
        "data to-bag drawn",
        "data convert cityscapes x",
        "weights average fast fast --out",
        "weights import x --out",
    ],
)
def test_an_empty_place_is_not_the_current_folder(command, tmp_path, monkeypatch, capsys):
    """Such as --run "$RUN" where RUN is not set."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        main([*command.split(), ""])
    assert "expected a file or folder, found nothing: is a variable of the shell not set?" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_mask_of_the_own_car_keeps_its_edges(tmp_path, capsys):
    assert main(["ego-mask", "x.mp4", "--out", str(tmp_path / "car.jpg")]) == 2
    assert "a mask is a .png, which keeps black black; found car.jpg" in capsys.readouterr().err


def test_what_a_library_says_in_several_lines_is_said_in_one(tmp_path, capsys):
    (tmp_path / "mine.yaml").write_text("loop: [1,\n  : }")
    assert main(["train", str(tmp_path / "mine.yaml")]) == 2
    error = capsys.readouterr().err
    assert "cannot read settings from" in error and "line 2, column" in error and error.count("\n") == 1


@pytest.mark.parametrize(
    ("module", "extra"), [("lightning_fabric.wrappers", "train"), ("jinja2", "plots"), ("onnx", "export")]
)
def test_a_module_of_an_extra_that_is_not_installed_is_named_with_it(module, extra, tmp_path, monkeypatch, capsys):
    def run(arguments):
        raise ModuleNotFoundError(f"No module named '{module}'", name=module)

    monkeypatch.setattr("unexpected_core.cli.doctor.run", run)
    assert main(["doctor", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said == f"unexpected doctor: {module} is not installed: pip install 'unexpected_ros[{extra}]'\n"


def test_a_module_that_no_extra_has_is_a_defect(tmp_path, monkeypatch):
    def run(arguments):
        import unexpected_core.no_such_module  # noqa: F401

    monkeypatch.setattr("unexpected_core.cli.doctor.run", run)
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        main(["doctor", str(tmp_path)])


@pytest.mark.parametrize(
    ("words", "cure"),
    [
        (
            "detect a.png --out out",
            "pip install torch torchvision, or name an exported file, which needs none of",
        ),
        ("bench", "pip install torch torchvision, or name an exported file, which needs none of it (--detector FILE"),
        ("weights verify fast", "pip install torch torchvision\n"),
        ("weights inspect fast", "pip install torch torchvision\n"),
        ("export fast --onnx a.onnx", "pip install torch torchvision\n"),
        ("evaluate fast drawn --out out", "pip install torch torchvision\n"),
        ("train fast --data drawn --run run", "pip install torch torchvision\n"),
    ],
)
def test_without_torch_what_needs_it_says_so(words, cure, tmp_path):
    """It need not be installed where only exported files are run; a traceback ended with the code for a part."""
    write_image(tmp_path / "a.png", np.zeros((60, 90, 3), np.uint8))
    code = "import sys\nsys.modules |= dict.fromkeys(('torch', 'torchvision'))\n" + CALL
    done = subprocess.run([sys.executable, "-c", code, *words.split()], capture_output=True, text=True, cwd=tmp_path)
    said = f"unexpected {words.partition(' ')[0]}: torch is not installed: {cure}"
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr, done.stderr


@pytest.mark.parametrize("closed", [(1,), (2,), (0, 1, 2)])
def test_closed_streams_cost_nothing(closed, tmp_path):
    """As `>&-` closes them: the work was done in part, or not at all, and nothing was said."""
    write_image(tmp_path / "a.png", np.zeros((60, 90, 3), np.uint8))
    code = (
        "import os, sys\nfrom unexpected_core.cli.main import main\n"
        "code = main(['detect', 'a.png', '--out', 'out', '--random-weights', '--save', 'regions'])\n"
        "os.write(1, b'as libraries do'); os.write(2, b'as libraries do')\nsys.exit(code)"
    )
    shell = 'exec "$@" ' + " ".join(f"{number}>&-" for number in closed)
    command = ["sh", "-c", shell, "sh", sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert len((tmp_path / "out/regions.jsonl").read_text().splitlines()) == 1


def test_what_counts_for_people_works_where_nobody_can_read_it(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    assert list(progress(range(3), "counting")) == [0, 1, 2]


def test_defects_are_not_dressed_up_as_advice(tmp_path, monkeypatch):
    from unexpected_core.pipeline import detector

    def broken(*_, **__):
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(detector, "load_detector", broken)
    with pytest.raises(ZeroDivisionError):
        main(["detect", "x.png", "--out", str(tmp_path)])


def test_a_reader_who_has_seen_enough_ends_it_quietly():
    """As `unexpected ... | head -1` does."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "unexpected_core.cli.main", "train", "fast", "--dry-run"]
    with open(writing, "w") as closed:  # noqa: PTH123
        done = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (141, "")


def test_help_is_quick_and_loads_no_torch():
    code = (
        "import sys\nfrom unexpected_core.cli.main import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
        "assert not {'torch', 'cv2', 'pydantic'} & set(sys.modules)"
    )
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert time.perf_counter() - start < 5  # 0.15 s alone; the bound is for a busy machine
    assert all(name in done.stdout for name in COMMANDS)


def test_nor_does_the_help_of_any_command_load_torch():
    code = (
        "import sys\nfrom unexpected_core.cli.main import COMMANDS, main\n"
        "for name in COMMANDS:\n    try: main([name, '--help'])\n    except SystemExit: pass\n"
        "    assert 'torch' not in sys.modules, name"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
