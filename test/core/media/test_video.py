"""Videos of many codecs and containers: whole, cut at many places, damaged, of variable rate, turned."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from unexpected_core.datasets import open_dataset
from unexpected_core.images import ImageError
from unexpected_core.media.containers import missing_bytes
from unexpected_core.media.errors import IncompleteError, MediaError
from unexpected_core.media.footage import open_footage
from unexpected_core.media.video import open_video

COUNT = 24
KEYS = {"g": "6"}
FAST, PIECES = {"movflags": "faststart"}, {"movflags": "frag_keyframe+empty_moov"}
# name, codec, options of the container; the first ones say how long they are, up to the last byte
MEASURED = {
    "whole.mp4": ("libx264", {}),
    "fast.mp4": ("libx264", FAST),
    "pieces.mp4": ("libx264", PIECES),
    "av1.mp4": ("libsvtav1", FAST),
    "hevc.mov": ("libx265", FAST),
    "motion.avi": ("mjpeg", {}),
    "mpeg4.avi": ("mpeg4", {}),
    "h264.mkv": ("libx264", {}),
    "vp8.webm": ("libvpx", {}),
    "vp9.webm": ("libvpx-vp9", {}),
    "live.webm": ("libvpx", {"live": "1"}),
}
OTHERS = {
    "h264.ts": ("libx264", {}),
    "camera.m2ts": ("libx264", {}),
    "bare.h264": ("libx264", {}),
    "bare.h265": ("libx265", {}),
    "bare.mjpeg": ("mjpeg", {}),
    "flash.flv": ("flv1", {}),
}


@pytest.fixture(scope="module")
def videos(tmp_path_factory, make_video):
    """Name -> path of a whole video of COUNT frames, made when it is asked for."""
    folder = tmp_path_factory.mktemp("videos")

    def video(name):
        codec, options = (MEASURED | OTHERS)[name]
        if not (folder / name).exists():
            keys = KEYS if codec.startswith("libx") else {}
            make_video(folder / name, codec, COUNT, options=options, codec_options=keys)
        return folder / name

    return video


def play(path):
    """(frames, damaged ones, seconds of each, the complaint at the end or '')."""
    times, damaged, complaint = [], 0, ""
    try:
        for shot in open_footage(path).shots():
            times.append(shot.time)
            try:
                assert shot.read().ndim == 3
            except ImageError:
                damaged += 1
    except MediaError as error:
        complaint = str(error)
    return len(times), damaged, times, complaint


@pytest.mark.parametrize("name", MEASURED | OTHERS)
def test_every_frame_of_every_container_is_read(videos, picture, name):
    frames, damaged, times, complaint = play(videos(name))
    assert (frames, damaged, complaint) == (COUNT, 0, "")
    rate = 25 if "bare" in name else 10  # without time stamps, FFmpeg assumes 25 Hz
    assert times == pytest.approx(np.arange(COUNT) / rate, abs=0.002)
    assert missing_bytes(videos(name)) == 0
    images = [shot.read() for shot in open_footage(videos(name)).shots()]
    for n in (0, COUNT - 1):
        assert np.abs(images[n].astype(int) - picture(n)).mean() < 12


@pytest.mark.parametrize("name", MEASURED)
def test_a_cut_video_is_never_taken_for_a_whole_one(videos, tmp_path, name):
    data = videos(name).read_bytes()
    for place in np.linspace(0.03, 0.999, 14):
        path = tmp_path / f"cut_{name}"
        path.write_bytes(data[: int(len(data) * place)])
        frames, damaged, _, complaint = play(path)
        if frames - damaged < COUNT:
            assert complaint, f"{frames} frames of {COUNT} at {place}, and not a word"
            assert str(path) in complaint and "\n" not in complaint


@pytest.mark.parametrize("name", OTHERS)
def test_streams_that_do_not_say_how_long_they_are_complain_of_a_half_frame(videos, tmp_path, name):
    data, noticed = videos(name).read_bytes(), 0
    for place in (0.31, 0.52, 0.77, 0.93):
        path = tmp_path / f"cut_{name}"
        path.write_bytes(data[: int(len(data) * place)])
        _, damaged, _, complaint = play(path)
        noticed += bool(damaged or complaint)
    assert noticed >= 2  # a cut between two frames leaves a whole, shorter stream


def test_a_cut_video_says_how_much_there_is_and_why(videos, tmp_path):
    data = videos("fast.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: int(len(data) * 0.8)])
    frames, _, _, complaint = play(tmp_path / "cut.mp4")
    assert 0 < frames < COUNT
    assert f"breaks off after {frames} of {COUNT} frames" in complaint
    assert f"{len(data) - int(len(data) * 0.8)} bytes are missing at its end; copy or record it again" in complaint
    (tmp_path / "head.mp4").write_bytes(data[: int(len(data) * 0.4)])
    with pytest.raises(MediaError, match=r"not one frame could be decoded \(codec h264, 24 frames claimed\)"):
        list(open_footage(tmp_path / "head.mp4").shots())


def test_damage_in_the_middle_is_counted_and_the_rest_goes_on(videos, tmp_path):
    data = bytearray(videos("fast.mp4").read_bytes())
    at = data.index(b"mdat") + (len(data) - data.index(b"mdat")) // 2
    data[at : at + 60] = b"\xff" * 60
    (tmp_path / "hit.mp4").write_bytes(data)
    frames, damaged, times, _ = play(tmp_path / "hit.mp4")
    assert frames == COUNT and 1 <= damaged < COUNT / 2
    assert times[-1] == pytest.approx(2.3)


def test_a_damaged_beginning_takes_its_time(tmp_path, make_video):
    path = make_video(tmp_path / "a.mkv", "mpeg4", 5, codec_options={"g": "1"})
    with av.open(str(path)) as container:
        first, second, *_ = (bytes(packet) for packet in container.demux(video=0))
    path.write_bytes(path.read_bytes().replace(first, bytes(len(first))).replace(second, bytes(len(second))))
    frames, damaged, times, _ = play(path)
    assert (frames, damaged) == (5, 2) and times == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])


def test_time_stamps_of_a_variable_rate_are_kept(tmp_path, make_video):
    times = [0, 0.2, 0.4, 0.41, 0.42, 0.9, 1.5, 1.51]
    make_video(tmp_path / "vfr.mkv", "libx264", len(times), times=times)
    frames, _, found, complaint = play(tmp_path / "vfr.mkv")
    assert (frames, complaint) == (len(times), "")
    assert found == pytest.approx(times, abs=0.002)


def joined(tmp_path, make_video, count=12):
    """Two transport streams, one behind the other, as the segments of dash cameras are joined."""
    part = make_video(tmp_path / "part.ts", "libx264", count, codec_options={"bf": "0"}).read_bytes()
    (tmp_path / "both.ts").write_bytes(2 * part)
    return tmp_path / "both.ts"


def test_joined_videos_go_on_where_the_one_before_ends(tmp_path, make_video, caplog):
    """The stamps of the second one begin anew: its frames came between those of the first in a bag, by their times."""
    _, _, times, complaint = play(joined(tmp_path, make_video))
    assert times == pytest.approx(np.arange(24) / 10) and not complaint
    assert caplog.text.count("both.ts: its time stamps begin anew at frame 12, as in files that were joined") == 1


def test_a_frame_is_not_damaged_for_another_one_of_its_time_stamp(tmp_path, make_video):
    """FFmpeg calls the frame before the seam damaged; the same one of the part behind it is whole."""
    path = joined(tmp_path, make_video, 10)
    with av.open(str(path)) as container:
        corrupt = [packet.is_corrupt for packet in container.demux(video=0) if packet.size]
    assert play(path)[:2] == (20, sum(corrupt)) and sum(corrupt) == 1


def test_time_stamps_that_do_not_grow_keep_the_order(tmp_path, make_video, caplog):
    """Jitter of less than half a second is no new beginning: what follows keeps its time."""
    make_video(tmp_path / "even.mkv", "mjpeg", 5)
    with av.open(str(tmp_path / "even.mkv")) as even, av.open(str(tmp_path / "jitter.mkv"), "w") as jitter:
        copy = jitter.add_stream_from_template(even.streams.video[0])
        for packet, stamp in zip(even.demux(video=0), (3000, 3100, 3100, 3050, 3200), strict=False):
            packet.dts, packet.pts, packet.stream = packet.pts, stamp, copy
            jitter.mux(packet)
    times = play(tmp_path / "jitter.mkv")[2]
    assert times == pytest.approx([0, 0.1, 0.1, 0.1, 0.2], abs=1e-5) and times == sorted(set(times))
    assert not caplog.text


def test_every_kth_frame_keeps_its_number_and_time(videos):
    shots = list(open_footage(videos("fast.mp4"), every=10).shots())
    assert [(shot.name, round(shot.time, 3)) for shot in shots] == [("00000", 0.0), ("00010", 1.0), ("00020", 2.0)]
    assert open_footage(videos("fast.mp4"), every=10).claimed == 3
    assert open_footage(videos("live.webm"), every=10).count() == 3


def test_a_shortened_video_is_as_long_as_what_it_shows(tmp_path, make_video, monkeypatch):
    """A phone that cuts a video keeps all its packets from the last key frame on, and says which are not shown."""
    monkeypatch.chdir(tmp_path)
    path = Path("12:30.mp4")  # which FFmpeg takes for a protocol
    make_video(tmp_path / "whole.mp4", "libx264", 30)
    with av.open("whole.mp4") as whole, av.open(str(path.absolute()), "w") as short:
        stream = whole.streams.video[0]
        copy, first = short.add_stream_from_template(stream), int(0.5 / stream.time_base)
        for packet in whole.demux(stream):
            if packet.size:
                packet.pts, packet.dts, packet.stream = packet.pts - first, packet.dts - first, copy
                short.mux(packet)
    with av.open(str(path.absolute())) as container:
        claimed, shown = container.streams.video[0].frames, sum(1 for _ in container.decode(video=0))
    assert shown < claimed == 30
    assert len(list(open_video(path).shots())) == open_video(path).count() == shown
    frames = open_dataset("video", path, every=1)
    assert len([sample.image for sample in frames]) == shown


def test_gaps_of_an_avi_are_no_pictures(tmp_path, make_video):
    """FFmpeg fills them with empty ones, and counts those."""
    times = [n / 10 for n in (0, 1, 2, 5, 6, 10, 11)]
    make_video(tmp_path / "gaps.avi", "mpeg4", len(times), times=times)
    video = open_video(tmp_path / "gaps.avi")
    assert video.claimed > 7 and video.count() == 7
    assert len([sample.image for sample in open_dataset("video", tmp_path / "gaps.avi", every=1)]) == 7


def test_a_second_video_in_a_file_is_told(tmp_path, picture, caplog):
    """Of two cameras, as some recorders of cars have them."""
    with av.open(str(tmp_path / "two.mkv"), "w") as container:
        streams = [container.add_stream("mpeg4", 10, width=64, height=48, pix_fmt="yuv420p") for _ in range(2)]
        for stream in streams:
            container.mux([*stream.encode(av.VideoFrame.from_ndarray(picture(0), format="rgb24")), *stream.encode()])
    assert len(list(open_video(tmp_path / "two.mkv").shots())) == 1
    assert "two.mkv holds 2 videos; the first one is read" in caplog.text


@pytest.mark.parametrize("pixel, told", [(Fraction(32, 27), True), (Fraction(1), False), (Fraction(0), False)])
def test_pixels_that_are_not_square_are_told(tmp_path, picture, caplog, pixel, told):
    """A DV camera's 16:9 was read as 3:2 without a word."""
    with av.open(str(tmp_path / "tv.mp4"), "w") as container:
        stream = container.add_stream("libx264", 10, width=720, height=480, pix_fmt="yuv420p")
        stream.codec_context.sample_aspect_ratio = pixel
        frame = av.VideoFrame.from_ndarray(cv2.resize(picture(0), (720, 480)), format="rgb24")
        container.mux([*stream.encode(frame), *stream.encode()])
    assert next(open_footage(tmp_path / "tv.mp4").shots()).read().shape == (480, 720, 3)
    expected = "its pixels are not square but 32:27: it is shown as 1.78:1, and read as 720x480, 1.50:1. To have it as"
    assert (expected in caplog.text) == told == bool(caplog.text)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_phone_held_upright_gives_upright_frames(tmp_path, make_video, picture, degrees):
    import av

    make_video(tmp_path / "flat.mp4", "libx264", 3, options=FAST)
    with av.open(str(tmp_path / "flat.mp4")) as source, av.open(str(tmp_path / "turned.mp4"), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        try:
            stream.set_display_rotation(degrees)
        except AttributeError:
            pytest.skip("this PyAV cannot write a rotation")
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    image = next(open_footage(tmp_path / "turned.mp4").shots()).read()
    capture = cv2.VideoCapture(str(tmp_path / "turned.mp4"))
    assert np.abs(image[:, :, ::-1].astype(int) - capture.read()[1]).max() <= 3


def test_a_wrong_suffix_does_not_matter(videos, tmp_path):
    for name, wrong in (("fast.mp4", "a.jpg"), ("vp8.webm", "b.avi"), ("motion.avi", "c.bin")):
        (tmp_path / wrong).write_bytes(videos(name).read_bytes())
        assert play(tmp_path / wrong)[::3] == (COUNT, "")


def test_what_is_no_video_is_named(tmp_path):
    for content in (b"", b"no video", bytes(5000), b"\0\0\0\x18ftypmp42" + bytes(40)):
        (tmp_path / "x.mp4").write_bytes(content)
        with pytest.raises(MediaError, match=r"x\.mp4 cannot be decoded as a video: "):
            open_footage(tmp_path / "x.mp4")


def test_real_cases(shared_data):
    cases = shared_data / "cases"
    assert play(cases / "av1.mp4")[::3] == (12, "")
    assert play(cases / "live.webm")[::3] == (30, "")
    frames, _, times, complaint = play(cases / "vfr.mkv")
    assert (frames, complaint) == (60, "") and times[1:3] == [0.2, 0.4] and times[-1] == pytest.approx(2.49)
    assert "breaks off after 11 of 30 frames" in play(cases / "cut.avi")[3]
    assert "not one frame could be decoded (codec h264, 30 frames claimed)" in play(cases / "cut_fast.mp4")[3]
    with pytest.raises(IncompleteError):
        list(open_footage(cases / "cut.avi").shots())


@pytest.mark.parametrize("form", ["mp4", "mkv"])
@pytest.mark.parametrize("begins", [0, 1])
def test_a_video_that_is_shorter_than_its_sound_is_whole(form, begins, picture, tmp_path):
    path = tmp_path / f"sound.{form}"
    with av.open(str(path), "w") as container:
        stream, sound = container.add_stream("libx264", 10), container.add_stream("aac", 16000)
        stream.height, stream.width, stream.pix_fmt = 96, 128, "yuv420p"
        for n in range(20):
            frame = av.VideoFrame.from_ndarray(cv2.resize(picture(n), (128, 96)), format="rgb24")
            frame.pts = n + 10 * begins
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        for n in range(80):  # five seconds
            quiet = av.AudioFrame.from_ndarray(np.zeros((1, 1000), np.float32), format="fltp", layout="mono")
            quiet.sample_rate, quiet.pts = 16000, 1000 * n
            container.mux(sound.encode(quiet))
        container.mux(sound.encode())
    assert len(list(open_footage(path).shots())) == 20
