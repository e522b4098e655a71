"""Two nodes of one name."""

import pytest

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")
from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402

from unexpected_ros.live import twins  # noqa: E402


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
