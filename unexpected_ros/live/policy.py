"""The SROS 2 policy of the node, config/sros2_policy.xml: what it may publish, subscribe and answer, and nothing else.

Written by `python -m unexpected_ros.live.policy`; with `--cameras front,rear --out FILE` one for several cameras.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path
from xml.etree import ElementTree

from unexpected_core.files import write_text
from unexpected_ros.live.outputs import OUTPUTS, VISION
from unexpected_ros.settings import parse_cameras

SERVICES = ("enable", "reload_model", "save_sample")
"""Ours, below ~/."""
LIFECYCLE = ("change_state", "get_state", "get_available_states", "get_available_transitions", "get_transition_graph")
PARAMETERS = (
    *("describe_parameters", "get_parameter_types", "get_parameters", "list_parameters"),
    *("set_parameters", "set_parameters_atomically"),
)
OF_ROS = ("get_type_description",)
OF_CAMERA = ("image", "image/compressed", "camera_info")
INPUTS = ("/clock", "/parameter_events", "/tf_static")
PUBLISHED = ("/diagnostics", "/rosout", "/parameter_events", "~/transition_event")
OF_VISION = (*VISION, "label_info")
"""Offered where vision_msgs is installed, as /tf_static is heard where tf2_msgs is."""
NAME = "detector"
HEAD = """<!-- SROS 2: all that the detector needs when it is started as by detector.launch.py. Where inputs are
     remapped, change the topics of the first list alike. docs/security.md says how to use it. -->
"""


def policy(cameras: Sequence[str] = (), namespace: str = "/unexpected") -> str:
    """The text of config/sros2_policy.xml, or of one for several cameras."""
    root = ElementTree.Element("policy", version="0.2.0")
    enclave = ElementTree.SubElement(ElementTree.SubElement(root, "enclaves"), "enclave", path=f"{namespace}/{NAME}")
    profile = ElementTree.SubElement(ElementTree.SubElement(enclave, "profiles"), "profile", ns=namespace, node=NAME)
    places = [f"{camera}/" for camera in cameras] or [""]
    _list(profile, "topics", "subscribe", "topic", (*_in(places, OF_CAMERA), *INPUTS))
    outputs = (f"~/{output}" for output in _in(places, (*OUTPUTS, *OF_VISION)))
    _list(profile, "topics", "publish", "topic", (*outputs, *PUBLISHED))
    services = (*SERVICES, *LIFECYCLE, *PARAMETERS, *OF_ROS)
    _list(profile, "services", "reply", "service", (f"~/{service}" for service in services))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + HEAD + ElementTree.tostring(root, encoding="unicode") + "\n"


def _in(places: Iterable[str], names: Iterable[str]) -> list[str]:
    return [place + name for place, name in product(places, names)]


def _list(profile: ElementTree.Element, kind: str, verb: str, item: str, names: Iterable[str]) -> None:
    group = ElementTree.SubElement(profile, kind, {verb: "ALLOW"})
    for name in names:
        ElementTree.SubElement(group, item).text = name


def _cameras(text: str) -> dict[str, int]:
    """The parameter as a type for argparse, which of other errors tells the name of the function alone."""
    try:
        return parse_cameras(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="write the SROS 2 policy of the node")
    parser.add_argument("--cameras", type=_cameras, default={}, help="as the parameter has them; default: one")
    ours = Path(__file__).resolve().parents[2] / "config" / "sros2_policy.xml"
    checkout = {"default": ours} if ours.is_file() else {"required": True}  # an installed package is not written to
    parser.add_argument("--out", type=Path, metavar="FILE", **checkout)
    given = parser.parse_args()
    write_text(given.out, policy(tuple(given.cameras)))
