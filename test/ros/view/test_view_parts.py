"""The window's parts that need neither ROS nor a browser."""

import json
import struct

import cv2
import numpy as np
import pytest

from unexpected_core.structs import Region
from unexpected_ros.view import photos
from unexpected_ros.view.assembly import Assembly
from unexpected_ros.view.hub import Hub, Viewer, pack
from unexpected_ros.view.photos import FRESH, Photos
from unexpected_ros.view.pictures import WIDTH, draw, reduce, to_jpeg


def test_parts_meet_by_stamp_whatever_their_order():
    assembly = Assembly(["mask", "score"])
    assert assembly.add("mask", 1, "m1") == []
    assert assembly.add("photo", 2, "p2") == assembly.add("photo", 1, "p1") == []
    assert assembly.add("regions", 1, "r1") == []
    assert assembly.add("score", 1, "s1") == [(1, {"mask": "m1", "regions": "r1", "score": "s1", "photo": "p1"})]
    for name, part in (("regions", "r2"), ("score", "s2")):
        assert assembly.add(name, 2, part) == []
    assert assembly.add("mask", 2, "m2")[0].parts["photo"] == "p2"


def test_what_stays_away_is_waited_for_once_and_welcome_again():
    assembly = Assembly(["resynthesis"])
    assembly.add("photo", 1, "p1")
    assert assembly.add("regions", 1, "r1") == []  # the resynthesis may come yet
    assembly.add("photo", 2, "p2")
    assert assembly.add("regions", 2, "r2") == [
        (1, {"regions": "r1", "photo": "p1"}),
        (2, {"regions": "r2", "photo": "p2"}),
    ]
    assembly.add("photo", 3, "p3")
    assembly.add("resynthesis", 3, "x3")
    assert assembly.add("regions", 3, "r3")[0].parts["resynthesis"] == "x3"
    assembly.add("photo", 4, "p4")
    assert assembly.add("regions", 4, "r4") == []  # and from then on it is waited for


@pytest.mark.parametrize("late", [10, 20, 30])
def test_a_part_that_comes_too_late_is_not_shown_in_the_next_pass_of_a_bag(late):
    """Its place was taken by the next frame; from then on each pass showed the mask of the pass before."""
    assembly, shown, behind = Assembly(["mask"]), [], {10: 20, 20: 30, 30: 10}[late]
    for turn in range(4):
        for stamp in (10, 20, 30):
            shown += assembly.add("photo", stamp, "p") + assembly.add("regions", stamp, turn)
            if stamp == behind and turn == (late == 30):
                shown += assembly.add("mask", late, 0)
            if turn or stamp != late:
                shown += assembly.add("mask", stamp, turn)
    assert len(shown) == 12 and all(whole.parts.get("mask") in (whole.parts["regions"], None) for whole in shown)
    without = [whole for whole in shown if "mask" not in whole.parts]
    assert [frame.stamp for frame in without] == [late, behind], "then it is waited for again"


def test_what_waits_for_a_frame_that_never_came_is_forgotten_where_stamps_run_back():
    assembly = Assembly(["mask"])
    assembly.add("mask", 20, "old")
    for stamp in (10, 30):
        assembly.add("photo", stamp, "p")
        assembly.add("mask", stamp, "old")
        assert len(assembly.add("regions", stamp, "old")) == 1
    for stamp in (10, 20):
        assembly.add("photo", stamp, "p")
        assembly.add("regions", stamp, "new")
        assert assembly.add("mask", stamp, "new")[-1].parts == {"regions": "new", "mask": "new", "photo": "p"}


def test_what_stays_away_is_not_waited_for_where_all_frames_have_one_stamp():
    """Of a camera that sets none; else nothing at all was shown of it where a method paints nothing."""
    assembly, shown = Assembly(["mask", "resynthesis"]), []
    for n in range(3):
        for name in ("photo", "regions", "mask"):
            shown += assembly.add(name, 0, f"{name} {n}")
    assert [whole.parts for whole in shown] == [
        {"regions": f"regions {n}", "mask": f"mask {n}", "photo": f"photo {n}"} for n in (1, 2)
    ]


def test_a_camera_without_stamps_and_without_photos_is_shown():
    assembly, shown = Assembly(["mask"]), []
    for n in range(3):
        for name in ("regions", "mask"):
            shown += assembly.add(name, 0, n)
    assert [whole.parts for whole in shown] == [{"regions": n, "mask": n} for n in (1, 2)]


@pytest.mark.parametrize(("camera_hz", "detector_s"), [(30, 0.5), (30, 2.5), (60, 1.2), (30, 10)])
def test_a_slow_detector_and_a_fast_camera_meet_in_every_frame(camera_hz, detector_s):
    assembly, step = Assembly([]), int(camera_hz * detector_s)
    for stamp in range(5 * step):
        assembly.add("photo", stamp, grey(stamp))
        if stamp and stamp % step == 0:  # the answer to what was the newest when the one before was out
            (frame,) = assembly.add("regions", stamp - step, "r")
            assert np.abs(frame.parts["photo"].astype(int) - grey(stamp - step)).max() <= 1


def grey(stamp):
    return np.full((6, 8, 3), stamp % 251, np.uint8)


def test_photos_that_nobody_asks_for_take_a_bounded_space(monkeypatch):
    monkeypatch.setattr(photos, "MAX_BYTES", 10 * len(to_jpeg(grey(0))))
    kept = Photos()
    for stamp in range(100):
        kept.add(stamp, grey(stamp))
    assert [stamp for stamp in range(100) if stamp in kept] == list(range(100 - FRESH - 10, 100))
    assert kept.take(0) is None and kept.take(60) is not None
    assert [stamp for stamp in range(100) if stamp in kept] == list(range(61, 100)), "nothing older is asked for"
    assert np.array_equal(kept.take(98), grey(98)) and 97 not in kept and 99 in kept


def test_small_pictures_keep_values_and_leave_the_message_alone():
    labels = np.array([[0, 0, 18, 18] * WIDTH] * 4, np.uint8)
    small = reduce("labels", labels)
    assert small.shape == (1, WIDTH) and set(np.unique(small)) <= {0, 18}
    photo = np.zeros((5, 7, 3), np.uint8)
    assert reduce("photo", photo) is not photo and np.array_equal(reduce("photo", photo), photo)


def test_an_overlay_is_drawn_where_region_and_mask_are():
    photo = np.full((40, 60, 3), 100, np.uint8)
    mask = np.zeros((20, 30), np.uint8)  # the detector may publish at a smaller scale
    mask[10:15, 5:15] = 255
    parts = {"photo": photo, "mask": mask, "score": (mask / 255).astype(np.float32)}
    region = Region(20, 40, 40, 20, 40, 50, 800, 0.9, 1.0, 1.0, 0)  # in pixels of a 120 wide image
    pictures = draw(parts, [region], (80, 120))
    assert list(pictures) == ["overlay", "photo", "score", "mask"]
    changed = np.any(pictures["overlay"] != photo, axis=2)
    assert changed[21:29, 11:29].all() and not changed[:10].any() and not changed[:, 45:].any()
    assert "overlay" not in draw({"mask": mask}, [], (80, 120))
    assert cv2.imdecode(np.frombuffer(to_jpeg(mask), np.uint8), cv2.IMREAD_UNCHANGED).shape == (20, 30)


@pytest.mark.parametrize("box", [(0, 0, 1, 1), (3839, 2159, 1, 1), (1001, 700, 2, 600), (3, 2158, 3000, 2)])
def test_a_region_thinner_than_a_pixel_of_the_page_is_drawn(box):
    """Its box was rounded to nothing, and OpenCV ends the whole process over a picture of nothing."""
    x, y, width, height = box
    score = np.ones((540, 960), np.float32)
    parts = {"photo": np.zeros((540, 960, 3), np.uint8), "mask": (score * 255).astype(np.uint8), "score": score}
    region = Region(x, y, width, height, x, y, width * height, 0.9, 1.0, 1.0, 0)
    tinted = draw(parts, [region], (2160, 3840))["overlay"][..., 0] > 0
    assert tinted[y // 4, x // 4] and tinted[(y + height - 1) // 4, (x + width - 1) // 4]


def test_a_viewer_gets_the_newest_and_nothing_twice():
    hub, quick, slow = Hub(), Viewer(), Viewer()
    for viewer in (quick, slow):
        hub.enter(viewer)
    hub.tell(cameras={"": {}})
    for number in (b"1", b"2", b"3"):
        hub.show("", number)
        assert quick.next_frame(hub) == number and quick.next_frame(hub) is None
        quick.ready = True
        slow.next_frame(hub)  # never says that it has shown the first
    assert slow.next_frame(hub) is None
    slow.ready = True
    assert slow.next_frame(hub) == b"3"
    hub.tell(text="a")
    assert json.loads(quick.next_state(hub)) == {"state": {"cameras": {"": {}}, "text": "a"}}
    quick.news.clear()
    hub.tell(text="a")
    assert quick.next_state(hub) is None and not quick.news.is_set()


def test_each_viewer_gets_frames_of_its_camera_and_nothing_old():
    hub, mine, other = Hub(), Viewer(), Viewer()
    hub.enter(mine)
    assert hub.wanted == set() and mine.next_frame(hub) is None
    hub.tell(cameras={"front": {}, "rear": {}})
    hub.enter(other)
    hub.turn(other, "rear")
    assert hub.wanted == {"front", "rear"}
    hub.show("front", b"f")
    hub.show("rear", b"r")
    assert (mine.next_frame(hub), other.next_frame(hub)) == (b"f", b"r")
    for viewer in (mine, other):
        viewer.ready = True
    hub.turn(other, "roof")  # there is none: the first is shown
    assert hub.wanted == {"front"} and other.next_frame(hub) == b"f"
    other.ready = True
    hub.show("rear", b"late")
    hub.turn(other, "rear")
    assert other.next_frame(hub) is None, "what was made while nobody looked is old"
    hub.leave(mine)
    assert hub.wanted == {"rear"} and not hub.frames


def test_a_packed_frame_can_be_taken_apart():
    data = pack({"number": 4}, {"a": b"xy", "b": b"z"})
    length = struct.unpack(">I", data[:4])[0]
    assert json.loads(data[4 : 4 + length]) == {"number": 4, "pictures": [["a", 2], ["b", 1]]}
    assert data[4 + length :] == b"xyz"


def test_a_camera_is_what_the_node_says_and_before_only_what_is_sure():
    pytest.importorskip("rclpy")
    from unexpected_ros.view.graph import pick_camera

    topics = ["/car/front/image", "/car/left/image/compressed", "/cam_rear/image"]
    assert pick_camera(topics, "left", "") == topics[1]
    assert pick_camera(topics, "left", topics[2]) == topics[2]
    assert pick_camera(topics[:1], "", "") == topics[0]
    for camera in ("", "rear", "car"):
        assert pick_camera(topics, camera, "") is None, camera
    assert pick_camera(topics, "left", "/not/listened/to") is None


@pytest.mark.ros
def test_of_several_detectors_one_is_watched_and_goes_on_in_its_successor():
    pytest.importorskip("rclpy")
    from unexpected_ros.view.graph import Stream
    from unexpected_ros.view.watcher import choose

    front, rear = (Stream("/car/detector", f"/car/detector/{name}", name.encode(), None) for name in ("front", "rear"))
    other = Stream("/bus/detector", "/bus/detector", b"bus", None)
    newer = front._replace(birth=b"newer")
    assert choose([], (), True) == {}
    assert choose([other, front, rear], (), True) == {"": other}
    assert choose([other, rear, front], (front, rear), True) == {"front": front, "rear": rear}
    assert choose([other, front, newer], (front,), True) == {"front": front}
    assert choose([other, front, newer], (front,), False) == {"front": newer}, "the killed one lingers in the graph"
    assert choose([other], (front, rear), True) == {"": other}
