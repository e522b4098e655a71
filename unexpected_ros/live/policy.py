"""The SROS 2 policy of the node, config/sros2_policy.xml: what it may publish, subscribe and answer, and nothing else.

Written by `python -m unexpected_ros.live.policy`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

from unexpected_core.files import write_text
from unexpected_ros.live.outputs import OUTPUTS

SERVICES = ("enable", "reload_model", "save_sample")
"""Ours, below ~/."""
LIFECYCLE = ("change_state", "get_state", "get_available_states", "get_available_transitions", "get_transition_graph")
PARAMETERS = (
    *("describe_parameters", "get_parameter_types", "get_parameters", "list_parameters"),
    *("set_parameters", "set_parameters_atomically"),
)
OF_ROS = ("get_type_description",)
INPUTS = ("image", "image/compressed", "camera_info", "/clock", "/parameter_events")
PUBLISHED = ("/diagnostics", "/rosout", "/parameter_events", "~/transition_event")
HEAD = """<!-- SROS 2: all that the detector needs when it is started as by detector.launch.py. Where inputs are
     remapped, change the topics of the first list alike. docs/security.md says how to use it. -->
"""


def policy(namespace: str = "/unexpected", name: str = "detector") -> str:
    """The text of config/sros2_policy.xml."""
    root = ElementTree.Element("policy", version="0.2.0")
    enclave = ElementTree.SubElement(ElementTree.SubElement(root, "enclaves"), "enclave", path=f"{namespace}/{name}")
    profile = ElementTree.SubElement(ElementTree.SubElement(enclave, "profiles"), "profile", ns=namespace, node=name)
    _list(profile, "topics", "subscribe", "topic", INPUTS)
    _list(profile, "topics", "publish", "topic", (*(f"~/{output}" for output in OUTPUTS), *PUBLISHED))
    services = (*SERVICES, *LIFECYCLE, *PARAMETERS, *OF_ROS)
    _list(profile, "services", "reply", "service", (f"~/{service}" for service in services))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + HEAD + ElementTree.tostring(root, encoding="unicode") + "\n"


def _list(profile: ElementTree.Element, kind: str, verb: str, item: str, names: Iterable[str]) -> None:
    group = ElementTree.SubElement(profile, kind, {verb: "ALLOW"})
    for name in names:
        ElementTree.SubElement(group, item).text = name


if __name__ == "__main__":
    write_text(Path(__file__).resolve().parents[2] / "config" / "sros2_policy.xml", policy())
