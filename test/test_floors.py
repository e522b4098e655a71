"""Imports go down only: docs/architecture.md section 3 as data, checked on the syntax trees."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent

GROUND = {
    "structs",
    "labels",
    "formats",
    "images",
    "encodings",
    "compressed",
    "depth",
    "regions",
    "runs",
    "config",
    "devices",
    "files",
    "holding",
    "log",
    "memory",
    "processes",
    "stopping",
    "yaml_values",
}
FLOOR_1 = {"networks", "drawing", "media", "metrics", "visualize"}
BELOW_CLI = (
    GROUND
    | FLOOR_1
    | {"datasets", "weights", "scorers", "discrepancy_data", "training", "evaluation", "pipeline", "export"}
)
PARTS: dict[str, tuple[int, set[str]]] = {
    # part: (floor, what it may import)
    **dict.fromkeys(GROUND, (0, GROUND)),
    **dict.fromkeys(FLOOR_1, (1, GROUND)),
    "datasets": (2, {"drawing", "media"} | GROUND),
    "weights": (2, {"networks"} | GROUND),
    "scorers": (3, {"networks", "weights"} | GROUND),
    "discrepancy_data": (3, {"networks", "weights", "datasets"} | GROUND),
    "training": (4, {"networks", "drawing", "datasets", "visualize", "weights", "discrepancy_data"} | GROUND),
    "evaluation": (4, {"datasets", "metrics", "visualize"} | GROUND),
    "pipeline": (4, {"scorers", "weights"} | GROUND),
    "export": (4, {"scorers", "weights"} | GROUND),
    "cli": (5, BELOW_CLI),
    "unexpected_core": (5, BELOW_CLI),  # the lazy names
}
CORE, ROS = "unexpected_core", "unexpected_ros"
OF_CORE = {"pipeline", "media", "visualize"} | GROUND
ROS_FLOORS = ((ROS,), ("scene", "load"), ("inputs",), ("live",), ("tools", "view"))
"""Rooms of the ROS half from its ground, the files beside them, up; each may import those below it."""
for below, rooms in enumerate(ROS_FLOORS):
    PARTS |= dict.fromkeys(rooms, (6, OF_CORE.union(*ROS_FLOORS[:below])))
GUESTS: dict[str, tuple[str, ...]] = {
    # third-party package: the rooms (files or folders) it is let into
    "simplejpeg": (f"{CORE}/compressed.py", f"{CORE}/images.py"),
    "matplotlib": (f"{CORE}/evaluation/report/plots.py",),
    "jinja2": (f"{CORE}/evaluation/report/page.py",),
    "h5py": (f"{CORE}/evaluation/hdf5.py",),
    "onnx": (f"{CORE}/export",),
    "onnxruntime": (f"{CORE}/export", f"{CORE}/pipeline/onnx_runner.py"),
    "onnxscript": (f"{CORE}/export",),
    "openvino": (f"{CORE}/pipeline/onnx_runner.py",),
    "tensorboard": (f"{CORE}/training/engine/recorder.py",),
    "torch.utils.tensorboard": (f"{CORE}/training/engine/recorder.py",),
    "lightning": (f"{CORE}/training/engine/setup.py",),
    "lightning_fabric": (f"{CORE}/training/engine/setup.py",),
    **dict.fromkeys(("rosbags", "mcap", "av", "zstandard", "lz4", "sqlite3"), (f"{CORE}/media",)),
    "pillow_heif": (f"{CORE}/formats.py",),
    "PIL": (f"{CORE}/formats.py", f"{CORE}/compressed.py"),
    "rclpy": (ROS,),
    "launch": (ROS,),
    "launch_ros": (ROS,),
    "cv_bridge": (ROS,),
    "std_srvs": (ROS,),
    "diagnostic_updater": (ROS,),
    "ray": (f"{ROS}/tools/fleet.py",),
    "aiohttp": (f"{ROS}/view/server.py", f"{ROS}/view/window.py"),
    "unexpected_ros.msg": (f"{ROS}/live/ros.py", f"{ROS}/view/listening.py"),
    **{
        f"{kind}_msgs": (ROS,)
        for kind in ("sensor", "std", "diagnostic", "lifecycle", "geometry", "vision", "rosgraph")
    },
}
GROUND_GUESTS = {"numpy", "torch", "cv2", "pydantic", "yaml", "rich", "PIL", "pillow_heif", "simplejpeg"}


NOT_IMPORTED = ("TYPE_CHECKING", "typing.TYPE_CHECKING", "__name__ == '__main__'")


def is_left_out(node: ast.AST) -> bool:
    """``if TYPE_CHECKING:``, read by tools alone, and what a module does as a program: nothing to who imports it."""
    return isinstance(node, ast.If) and ast.unparse(node.test) in NOT_IMPORTED


def imports(tree: ast.AST, package: str) -> Iterator[tuple[int, str]]:
    """Every (line, dotted name) that is imported, inside functions too. package: dotted, resolves relative imports."""
    if isinstance(tree, ast.Import):
        yield from ((tree.lineno, alias.name) for alias in tree.names)
    elif isinstance(tree, ast.ImportFrom):
        base = tree.module or ""
        if tree.level:
            parents = package.split(".")
            base = ".".join([*parents[: len(parents) - tree.level + 1], *([base] if base else [])])
        yield from ((tree.lineno, f"{base}.{alias.name}") for alias in tree.names)
    elif (
        isinstance(tree, ast.Call)
        and ast.unparse(tree.func).endswith("import_module")
        and tree.args
        and isinstance(tree.args[0], ast.Constant)
    ):
        yield tree.lineno, str(tree.args[0].value)
    for child in ast.iter_child_nodes(tree):
        if is_left_out(tree) and child not in tree.orelse:
            continue
        yield from imports(child, package)


def part_of(module: str) -> str | None:
    """Dotted name -> part of the house, None for a stranger. 'unexpected_core.pipeline.detector' -> 'pipeline'."""
    head, _, rest = module.partition(".")
    if head == ROS:
        room = rest.partition(".")[0]
        return room if any(room in rooms for rooms in ROS_FLOORS) else ROS
    if head != CORE or rest == "__version__":
        return None
    part = rest.partition(".")[0]
    if part in PARTS:
        return part
    lazy = __import__(CORE)._LAZY.get(part)
    return part_of(lazy) if lazy else CORE


def breaches(path: PurePosixPath, source: str) -> list[str]:
    """Forbidden imports of one file, as 'file:line: what is wrong'. path: relative to the checkout."""
    module = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
    package = ".".join(path.parts[:-1])
    part = part_of(module)
    if part is None:
        return [f"{path}: belongs to no floor; add it to PARTS"]
    floor, allowed = PARTS[part]
    found = []
    for line, name in imports(ast.parse(source), package):
        target = part_of(name)
        if target is not None and target != part and target not in allowed:
            found.append(
                f"{path}:{line}: floor {floor} ({part}) may not import {name} "
                f"(floor {PARTS[target][0]}); it may import {', '.join(sorted(allowed)) or 'nothing'}"
            )
        for guest, rooms in GUESTS.items():
            if f"{name}.".startswith(f"{guest}.") and not any(path.is_relative_to(room) for room in rooms):
                found.append(f"{path}:{line}: floor {floor} ({part}) imports {guest}, a guest of {' and '.join(rooms)}")
        stranger = name.partition(".")[0]
        if part in GROUND and target is None and stranger not in GROUND_GUESTS | sys.stdlib_module_names:
            found.append(
                f"{path}:{line}: floor 0 ({part}) may not import {stranger}; "
                f"it may import the standard library and {', '.join(sorted(GROUND_GUESTS))}"
            )
    return found


FILES = sorted(path.relative_to(REPOSITORY) for package in (CORE, ROS) for path in (REPOSITORY / package).rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=str)
def test_imports_go_down(path):
    found = breaches(PurePosixPath(path), (REPOSITORY / path).read_text(encoding="utf-8"))
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("path", "source", "message"),
    [
        ("unexpected_core/networks/a.py", "from unexpected_core.scorers import base", r"a\.py:1: floor 1 .*floor 3"),
        (
            "unexpected_core/networks/a.py",
            "def f():\n    import unexpected_core.datasets.base",
            r":2: .*may not import",
        ),
        ("unexpected_core/networks/a.py", "from ..weights import reading", r":1: .*floor 2"),
        ("unexpected_core/metrics/a.py", "from unexpected_core import load_detector", r"floor 4"),
        ("unexpected_core/pipeline/a.py", "import unexpected_ros.scene.geometry", r"floor 6"),
        ("unexpected_core/evaluation/report/page.py", "import matplotlib.pyplot as plt", r"guest of .*plots\.py"),
        (
            "unexpected_core/training/engine/loop.py",
            "from torch.utils.tensorboard import SummaryWriter",
            r"recorder\.py",
        ),
        (
            "unexpected_core/cli/a.py",
            "import importlib\nimportlib.import_module('rclpy.node')",
            r":2: .*unexpected_ros",
        ),
        ("unexpected_ros/live/node.py", "from unexpected_ros.msg import AnomalyArray", r"live/ros\.py"),
        ("unexpected_ros/live/node.py", "from unexpected_core.training import loop", r"floor 6 .*floor 4"),
        ("unexpected_core/files.py", "import scipy", r"standard library"),
    ],
)
def test_a_breach_is_named_with_line_and_floor(path, source, message):
    found = breaches(PurePosixPath(path), source)
    assert len(found) == 1
    assert re.search(message, found[0])


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("unexpected_core/structs.py", "if TYPE_CHECKING:\n    from unexpected_core.scorers import base"),
        ("unexpected_core/scorers/a.py", "from . import base\nfrom unexpected_core.scorers.base import Scorer"),
        ("unexpected_ros/live/ros.py", "import rclpy\nfrom unexpected_ros.msg import AnomalyArray"),
        ("unexpected_ros/live/node.py", "from unexpected_core.structs import Region\nfrom std_msgs.msg import Header"),
        ("unexpected_core/export/check.py", "import onnx, onnxruntime"),
    ],
)
def test_what_the_plan_allows_passes(path, source):
    assert breaches(PurePosixPath(path), source) == []


def test_the_plan_says_the_same():
    """Of the rows with one folder each and no exceptions, those of floor 4."""
    text = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d) \| `(\w+)/` \| ([\w, ]+), ground \|$", text, re.MULTILINE)
    assert {part for _, part, _ in rows} == {"training", "evaluation", "pipeline", "export"}
    for floor, part, allowed in rows:
        assert PARTS[part] == (int(floor), set(allowed.split(", ")) | GROUND), part


def test_importing_the_core_is_quick_and_loads_neither_torch_nor_ros():
    code = (
        "import sys, time; start = time.perf_counter(); import unexpected_core; "
        "print(time.perf_counter() - start, *{'torch', 'cv2', 'rclpy', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    seconds, *loaded = done.stdout.split()
    assert loaded == []
    assert float(seconds) < 0.5
