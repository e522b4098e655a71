"""Two nodes of one name."""

from ctypes import (
    CDLL,
    Structure,
    byref,
    c_bool,
    c_char_p,
    c_int,
    c_size_t,
    c_uint64,
    c_void_p,
    cast,
    create_string_buffer,
)
from pathlib import Path

import pytest

pytestmark = pytest.mark.ros
rclpy = pytest.importorskip("rclpy")
from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402
from rclpy.serialization import serialize_message  # noqa: E402
from rmw_dds_common.msg import Gid, NodeEntitiesInfo, ParticipantEntitiesInfo  # noqa: E402

from unexpected_ros.live import twins  # noqa: E402

INFO = "ParticipantEntitiesInfo"


def test_another_node_of_the_name_is_told_once_and_as_long_as_it_is_there(
    driver, make_node, start_node, tmp_path, monkeypatch, capfd
):
    monkeypatch.setattr(twins, "PATIENCE", 2)
    told = driver.collect(DiagnosticArray, "/diagnostics", connected=False)
    make_node()

    def said():
        of_node = [s.message for m in told for s in m.status if s.name == "/inside/detector: detector"]
        return of_node[-1] if of_node else ""

    driver.until(lambda: said() == "active", "the diagnostics")
    other = start_node(tmp_path, "-r", "__ns:=/inside", "-p", "autostart:=false")
    driver.until(lambda: said().startswith("another node is called /inside/detector, too: the outputs"), "a word of it")
    driver.spin(2.5)
    other.end()
    driver.until(lambda: said() == "active", "its end")
    driver.destroy(told)
    assert capfd.readouterr().err.count("another node is called") == 1


class Seconds(Structure):
    _fields_ = [("sec", c_uint64), ("nsec", c_uint64)]


class Profile(Structure):
    """rmw_qos_profile_t."""

    _fields_ = [
        *(("history", c_int), ("depth", c_size_t), ("reliability", c_int), ("durability", c_int)),
        *(("deadline", Seconds), ("lifespan", Seconds), ("liveliness", c_int), ("lease", Seconds)),
        ("avoid_ros_namespace_conventions", c_bool),
    ]


class Bytes(Structure):
    """rmw_serialized_message_t."""

    _fields_ = [("buffer", c_char_p), ("length", c_size_t), ("capacity", c_size_t), ("allocator", c_void_p * 5)]


def remember(speaker, name, namespace):
    """Let all graphs hear, through a publisher of `speaker`, of a node whose participant is not (any longer) there.

    So it is entered where it had left in order before the last that it said of itself was. rclpy has no topic names
    without a slash, hence rmw itself.
    """

    middleware = f"lib{rclpy.get_rmw_implementation_identifier()}.so"
    loaded = {Path(line.split()[-1]) for line in Path("/proc/self/maps").read_text().splitlines() if "/" in line}
    folder = next(path.parent for path in loaded if path.name == middleware)
    names = ("librcl.so", middleware, "librmw_dds_common__rosidl_typesupport_c.so")
    rcl, rmw, types = (CDLL(str(folder / name)) for name in names)
    kind = getattr(types, f"rosidl_typesupport_c__get_message_type_support_handle__rmw_dds_common__msg__{INFO}")
    handle_of, create, publish = (
        rcl.rcl_node_get_rmw_handle,
        rmw.rmw_create_publisher,
        rmw.rmw_publish_serialized_message,
    )
    kind.restype = handle_of.restype = create.restype = c_void_p
    handle_of.argtypes, create.argtypes, publish.argtypes = [c_void_p], [c_void_p] * 5, [c_void_p] * 3
    keep_last = reliable = transient_local = 1
    qos = Profile(keep_last, 1, reliable, transient_local, avoid_ros_namespace_conventions=True)
    options = create_string_buffer(64)
    with speaker.handle:
        node = handle_of(speaker.handle.pointer)
    publisher = create(node, kind(), cast(c_char_p(b"ros_discovery_info"), c_void_p), byref(qos), options)
    assert publisher
    entry = NodeEntitiesInfo(node_name=name, node_namespace=namespace)
    data = serialize_message(ParticipantEntitiesInfo(gid=Gid(data=[7] * 16), node_entities_info_seq=[entry]))
    assert publish(publisher, byref(Bytes(data, len(data), len(data))), None) == 0


@pytest.fixture
def speaker():
    """A node with a participant of its own."""
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("speaker", context=context)
    yield node
    node.destroy_node()
    rclpy.shutdown(context=context)


def test_a_node_that_only_the_graph_remembers_is_none(driver, make_node, speaker, monkeypatch):
    monkeypatch.setattr(twins, "PATIENCE", 1)
    node = make_node(start=False, remapped="__node:=remembered")  # by graphs of other tests, too
    name = node.get_name(), node.get_namespace()
    driver.until(lambda: name in speaker.get_node_names_and_namespaces(), "both to know each other")
    driver.spin(0.5)
    remember(speaker, *name)
    driver.until(lambda: node.get_node_names_and_namespaces().count(name) == 2, "it to be remembered")
    assert twins.Twins(node).check() == ""
