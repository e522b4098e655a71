"""The two loops on a small folder of frames: write, resume, judge, foreign scores, report."""

import itertools
import math
import re
import shutil
from dataclasses import replace

import h5py
import numpy as np
import pytest

from unexpected_core.datasets import open_dataset
from unexpected_core.evaluation.candidates import Candidate, Identity
from unexpected_core.evaluation.errors import PredictionError
from unexpected_core.evaluation.hdf5 import write_prediction
from unexpected_core.evaluation.judge import judge
from unexpected_core.evaluation.measure.method import measure
from unexpected_core.evaluation.measure.result import Flicker
from unexpected_core.evaluation.pairing import foreign_source
from unexpected_core.evaluation.results import DatasetFacts, read_results
from unexpected_core.evaluation.score import Answer, First
from unexpected_core.evaluation.settings import FORMATS, EvaluationSettings
from unexpected_core.evaluation.source import open_source
from unexpected_core.evaluation.store import benchmark_name, read_score, stored_scores, write_score
from unexpected_core.evaluation.threshold import Threshold, check_unseen, normal_threshold
from unexpected_core.images import write_image
from unexpected_core.metrics.components import Sizes
from unexpected_core.metrics.keys import MetricError
from unexpected_core.metrics.pixel import measure_pixels

SIZE = (33, 57)
SETTINGS = EvaluationSettings(mode=("smiyc", "per_image"), sizes=Sizes(3, 2), frame_rate=10.0, resamples=100, workers=1)
CLIPS = SETTINGS.model_copy(update={"clips": True})


def result_of(source, settings=SETTINGS, threshold=None):
    return measure(Candidate(source, threshold), settings).result


@pytest.mark.parametrize("kind", FORMATS)
def test_stored_scores_come_back(kind, tmp_path):
    score = np.random.default_rng(0).normal(size=(5, 9)).astype(np.float32) * 3
    write_score(tmp_path, "a/b.c", score, kind)
    path = stored_scores(tmp_path)["a/b.c"]
    error = {"float32": 0, "16bit": np.ptp(score) / 131069, "hdf5": 2e-3 * np.abs(score).max()}[kind]
    assert np.abs(read_score(path).astype(np.float64) - score).max() <= error
    if kind == "16bit":
        assert np.load(path)["largest_error"] <= np.ptp(score) / 131069
        write_score(tmp_path, "flat", np.full((2, 3), 7.5, np.float32), kind)
        assert (read_score(tmp_path / "flat.npz") == 7.5).all()


def test_frames_of_several_shapes_are_measured_together(tmp_path):
    """Wide, narrow, of one pixel, of one row; the numbers are those of all pixels at once."""
    rng, frames = np.random.default_rng(0), []
    for i, size in enumerate([(30, 64), (40, 50), (1, 1), (1, 9), (30, 64), (64, 30)]):
        obstacle = (rng.random(size) < 0.1).astype(np.uint8)
        write_image(tmp_path / "images" / f"{i}.png", rng.integers(0, 256, (*size, 3)).astype(np.uint8))
        write_image(tmp_path / "obstacle" / f"{i}.png", obstacle)
        frames.append(((rng.random(size) + 0.2 * obstacle).astype(np.float32), obstacle))
        write_score(tmp_path / "scores", f"{i}", frames[-1][0], "float32")
    found = result_of(open_source(open_dataset("obstacle_folder", tmp_path), tmp_path / "scores"))
    assert found.pixel["exact"].average_precision.value == measure_pixels(frames).average_precision
    assert found.evidence.stored_sizes == {"1x1": 1, "30x64": 1, "50x40": 1, "64x30": 2, "9x1": 1}


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("size", [(1, 7), (7, 1), (1, 1)])
def test_scores_of_one_row_or_column_come_back(kind, size, tmp_path):
    write_score(tmp_path, "a", np.full(size, 0.5, np.float32), kind)
    assert np.array_equal(read_score(stored_scores(tmp_path)["a"]), np.full(size, 0.5))


@pytest.mark.parametrize("axes", [(1, 2, 3), (2, 3, 1), (1, 1, 2, 3), (1, 2, 3, 1)])
def test_axes_of_length_one_around_a_map_are_left_out(axes, tmp_path):
    score = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.save(tmp_path / "a.npy", score.reshape(axes))
    assert np.array_equal(read_score(tmp_path / "a.npy"), score)


def test_an_archive_of_one_array_is_that_array(tmp_path):
    """Anybody's np.savez; it was refused as damaged."""
    score = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.savez(tmp_path / "a.npz", score)
    np.savez_compressed(tmp_path / "b.npz", score=score)
    np.savez(tmp_path / "c.npz", score=score, labels=score)
    for name in "ab":
        assert np.array_equal(read_score(tmp_path / f"{name}.npz"), score)
    with pytest.raises(PredictionError, match=r"^\S*c\.npz: expected an archive of one array, .* found score, labels"):
        read_score(tmp_path / "c.npz")
    data = bytearray((tmp_path / "b.npz").read_bytes())
    at = data.index(b"score.npy") + 40
    data[at : at + 30] = bytes(30)
    (tmp_path / "b.npz").write_bytes(data)
    with pytest.raises(PredictionError, match=r"cannot read .*b\.npz: not scores, or damaged"):
        read_score(tmp_path / "b.npz")


def test_interrupted_run_goes_on_and_gives_the_same_numbers(root, tmp_path, scored, bright):
    calls = []

    def stops(image):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return bright(image)

    with pytest.raises(KeyboardInterrupt):
        scored(root, tmp_path / "a", answer=stops)
    asked, source = scored(root, tmp_path / "a")
    assert asked == ["02", "03", "04"]
    whole = scored(root, tmp_path / "b")[1]
    resumed, straight = (result_of(each) for each in (source, whole))
    assert repr(resumed) == repr(straight)


def test_numbers_are_those_of_the_metrics(root, tmp_path, scored):
    _, source = scored(root, tmp_path)
    result = result_of(source)
    frames = [source.frame(key) for key in source.keys]
    expected = measure_pixels((judged.score, judged.sample.obstacle) for judged in frames)
    exact = result.pixel["exact"]
    assert exact.average_precision.value == expected.average_precision > 0.9
    assert exact.auroc.low <= exact.auroc.value <= exact.auroc.high
    assert result.components.obstacles == 4 and result.frames == 5
    assert result.mean_iou == pytest.approx(0.3)  # class 0: 3 of 5 frames right, class 1 never found
    assert result.false_alarm_frames.normal_frames == 1
    per_frame, per_minute = result.components.false_regions_per_frame, result.components.false_regions_per_minute
    assert per_minute.value == pytest.approx(600 * per_frame.value)
    assert 0 < result_of(source, CLIPS).flicker.mask <= 1 and set(result.pixel) == {"exact", "smiyc", "per_image"}


def test_two_processes_measure_what_one_does(root, tmp_path, scored):
    _, source = scored(root, tmp_path)
    one, two = (result_of(source, EvaluationSettings(resamples=50, workers=workers, clips=True)) for workers in (1, 2))
    assert repr(one) == repr(two)


def test_from_one_clip_to_the_next_nothing_flickers(tmp_path, scored):
    for i, clip in enumerate(("dark", "bright")):
        for frame in "01":
            write_image(tmp_path / "images" / clip / f"{frame}.png", np.full((*SIZE, 3), 200 * i, np.uint8))
            write_image(tmp_path / "obstacle" / clip / f"{frame}.png", np.eye(*SIZE, dtype=np.uint8))
    _, source = scored(tmp_path, tmp_path)
    assert result_of(source, CLIPS).flicker == Flicker(0, 0)


def test_flicker_is_that_inside_the_roi(tmp_path, scored):
    for i in range(3):
        image, obstacle = np.full((*SIZE, 3), 90, np.uint8), np.zeros(SIZE, np.uint8)
        image[:9], obstacle[:9], obstacle[20:25, 9:30] = 80 * i, 255, 1
        write_image(tmp_path / "images" / f"{i}.png", image)
        write_image(tmp_path / "obstacle" / f"{i}.png", obstacle)
    _, source = scored(tmp_path, tmp_path / "out", first=3)
    assert result_of(source, CLIPS, Threshold(0.4, "given")).flicker == Flicker(0, 0)


def test_clips_are_drawn_whole_and_one_alone_has_no_interval(root, tmp_path, scored):
    """Each of the five frames thrice in its clip: as sure as five frames, three times as many tell no more."""
    for i, part in itertools.product(range(5), ("images", "obstacle")):
        (tmp_path / "set" / part / str(i)).mkdir(parents=True)
        for again in range(3):
            shutil.copy(root / part / f"{i:02d}.png", tmp_path / "set" / part / f"{i}/{again}.png")
    _, frames = scored(root, tmp_path / "frames")
    _, clips = scored(tmp_path / "set", tmp_path / "clips", first=15)
    alone, drawn_apart, drawn_whole = result_of(frames), result_of(clips), result_of(clips, CLIPS)
    assert (alone.sequences, drawn_apart.sequences, drawn_whole.sequences) == (5, 15, 5)
    for name in ("average_precision", "auroc", "fpr95", "best_f1"):
        wide, narrow, same = (getattr(r.pixel["exact"], name) for r in (alone, drawn_apart, drawn_whole))
        assert (same.low, same.high) == pytest.approx((wide.low, wide.high))
        assert narrow.high - narrow.low < 0.8 * (wide.high - wide.low)
    for result, settings, words in (
        (frames, SETTINGS, "; 95 % frame-bootstrap intervals (100 resamples, seed 0);"),
        (clips, CLIPS, "; 95 % 5-sequence-bootstrap intervals (100 resamples, seed 0);"),
        (frames, CLIPS, "; no intervals: one sequence does not tell how others differ from it;"),
    ):
        judge({"a": Candidate(result), "b": Candidate(result)}, settings, DatasetFacts("set", 5), tmp_path / "out")
        assert words in (tmp_path / "out" / "table.md").read_text()
        assert not re.search(r"\bnan[],<]", (tmp_path / "out" / "report.html").read_text())
    assert "| 97.3 | 99.8 |" in (tmp_path / "out" / "table.md").read_text()


def test_report_tables_and_results(root, tmp_path, scored):
    _, source = scored(root, tmp_path / "m")
    candidates = {name: Candidate(source, None, Identity(name)) for name in ("bright", "again_&")}
    findings = judge(candidates, SETTINGS, DatasetFacts("frames", 5), tmp_path)
    assert not any(finding.alarm for finding in findings)
    results = read_results(tmp_path)
    assert results.commit is not None and results.metric_version and results.dataset.frames == 5
    assert {(line.a, line.b, line.difference) for line in results.comparisons} == {("bright", "again_&", 0)}
    page = (tmp_path / "report.html").read_text()
    assert page.count("<svg") == 4 and page.count("data:image/jpeg;base64,") >= 8 and "again_&amp;" in page
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)  # nothing from elsewhere
    table, tabular = (tmp_path / "table.md").read_text(), (tmp_path / "table.tex").read_text()
    value = f"{100 * results.methods['bright'].pixel['exact'].average_precision.value:.1f} ["
    assert value in table and "5 frames; metrics exact, per_image, smiyc version" in table
    assert r"again\_\&" in tabular and tabular.count(r"\\") == 3
    assert np.load(tmp_path / "curves.npz")["bright/exact/thresholds"].size > 10


def test_methods_with_scores_for_other_frames_are_not_compared(root, tmp_path, scored):
    _, source = scored(root, tmp_path / "m")
    candidates = {
        name: Candidate(replace(source, scores={key: source.scores[key] for key in keys}))
        for name, keys in {"a": ("00", "01", "02"), "b": ("00", "03", "04")}.items()
    }
    judge(candidates, SETTINGS, DatasetFacts("frames", 5), tmp_path)
    results = read_results(tmp_path)
    assert [results.methods[name].frames for name in candidates] == [3, 3] and not results.comparisons


@pytest.mark.parametrize(
    ("judged", "told"),
    [((5, 5), "frames, 5 frames; "), ((3, 3), "frames, 3 of 5 frames; "), ((2, 5), "frames, 2 to 5 of 5 frames; ")],
)
def test_tables_say_of_how_many_frames_their_numbers_are(judged, told, root, tmp_path, scored):
    """Where scores of some are missing, a table that is printed alone claimed them all."""
    _, source = scored(root, tmp_path / "m")
    candidates = {
        name: Candidate(replace(source, scores={key: source.scores[key] for key in source.keys[:count]}))
        for name, count in zip("ab", judged, strict=True)
    }
    judge(candidates, SETTINGS, DatasetFacts("frames", 5), tmp_path)
    assert (tmp_path / "table.md").read_text().startswith(told)


def test_foreign_predictions_in_the_benchmarks_layout(root, tmp_path, scored):
    _, source = scored(root, tmp_path / "own")
    folder = tmp_path / "theirs" / "anomaly_p" / "method" / source.dataset.name
    for key in source.keys:
        write_prediction(folder / f"{key}.hdf5", read_score(source.scores[key]))
    with h5py.File(folder / "00.hdf5") as stream:
        assert stream["value"].dtype == np.float16 and stream["value"].compression_opts == 9
    foreign = foreign_source(source.dataset, tmp_path / "theirs", "method")
    numbers = [result_of(each).pixel["smiyc"] for each in (source, foreign)]
    assert numbers[0] == numbers[1]  # float32 scores are rounded as the benchmark would
    assert benchmark_name("ObstacleTrack-test") == "ObstacleTrack-all"
    assert benchmark_name("lost_and_found_no_known-test") == "LostAndFound-test" and benchmark_name("mine") == "mine"


def test_threshold_from_normal_driving(root, tmp_path, scored):
    _, source = scored(root, tmp_path)
    normal = open_source(First(source.dataset, 1), tmp_path / "scores")
    chosen = normal_threshold(normal, 3, 0.5)
    assert (chosen.source, chosen.promised_rate) == ("normal_driving", 0.5)
    result = result_of(source, SETTINGS, chosen)
    assert result.false_alarm_frames.realised_rate == 0 and result.components.f1.value > 0.5
    with pytest.raises(PredictionError, match=r"frame '01' of .* has an obstacle; a threshold from normal driving"):
        normal_threshold(source, 3, 0.5)


def test_frames_ignored_as_a_whole_are_none_without_a_false_alarm(own_root, tmp_path, scored):
    """Frame 0 has a false alarm; 1 and 2 are ignored, and frame 3 has an obstacle."""
    for i in (1, 2):
        write_image(own_root / "obstacle" / f"{i:02d}.png", np.full(SIZE, 255, np.uint8))
    _, source = scored(own_root, tmp_path, answer=lambda image: Answer(np.ones(SIZE, np.float32), None))
    alarms = result_of(source, SETTINGS, Threshold(0.5, "given")).false_alarm_frames
    assert (alarms.normal_frames, alarms.realised_rate) == (1, 1)
    quiet = open_source(First(source.dataset, 3), tmp_path / "scores")
    assert normal_threshold(quiet, 3, 0.5).value == np.nextafter(1, 2)
    with pytest.raises(MetricError, match=r"1 normal frames cannot promise a rate of 0\.3; it takes 3 or more"):
        normal_threshold(quiet, 3, 0.3)


def test_pixels_that_form_no_region_are_no_false_alarm(root, tmp_path, scored):
    """Thirty single pixels over the threshold, where a region has three or more."""

    def specks(image):
        score = np.zeros(SIZE, np.float32)
        score[10:22:2, ::12] = 1
        return Answer(score, None)

    _, source = scored(root, tmp_path, answer=specks, first=1)
    alarms = result_of(source, SETTINGS, Threshold(0.5, "given")).false_alarm_frames
    assert (alarms.normal_frames, alarms.realised_rate) == (1, 0)
    wider = SETTINGS.model_copy(update={"sizes": Sizes(1, 1)})
    assert result_of(source, wider, Threshold(0.5, "given")).false_alarm_frames.realised_rate == 1


def test_without_obstacles_there_is_no_best_f1_and_nothing_is_said_to_be_free_of_alarms(root, tmp_path, scored):
    _, source = scored(root, tmp_path, first=1)
    judge({"bright": Candidate(source)}, SETTINGS, DatasetFacts("frames", 1), tmp_path)
    result = read_results(tmp_path).methods["bright"]
    assert math.isnan(result.threshold.value) and math.isnan(result.false_alarm_frames.realised_rate)
    assert math.isnan(result.components.false_regions_per_frame.value)
    given = result_of(source, SETTINGS, Threshold(0.1, "given"))
    assert given.false_alarm_frames.realised_rate == 1 and given.components.false_regions_per_frame.value > 0
    assert "nan" not in (tmp_path / "table.md").read_text() and "false alarm</td>" not in report(tmp_path)


def report(folder):
    return (folder / "report.html").read_text()


def test_a_threshold_is_not_chosen_on_the_judged_frames(own_root, tmp_path, scored):
    """Whatever they are called, and though the folder of photographs does not say that there are obstacles in them."""
    _, judged = scored(own_root, tmp_path / "judged")
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(own_root / "images", elsewhere / "images")
    (elsewhere / "images" / "03.png").rename(elsewhere / "images" / "drive_03.png")
    _, normal = scored(elsewhere, tmp_path / "normal")
    with pytest.raises(PredictionError, match=r"frame '00' of 'elsewhere' is '00' of 'own_frames' \(5 in both\)"):
        check_unseen(judged, normal)
    _, others = scored(own_root, tmp_path / "judged", first=2)
    for i in range(2):
        (elsewhere / "images" / f"{i:02d}.png").unlink()
    _, normal = scored(elsewhere, tmp_path / "normal", first=3)
    check_unseen(others, normal)


def test_frames_of_a_camera_that_sees_nothing_are_alike_without_being_the_same(own_root, tmp_path, scored):
    elsewhere, black = tmp_path / "elsewhere", np.zeros((33, 57, 3), np.uint8)
    for folder, names in ((own_root, ("03",)), (elsewhere, ("before", "later"))):
        for name in names:
            write_image(folder / "images" / f"{name}.png", black)
    _, judged = scored(own_root, tmp_path / "judged")
    _, normal = scored(elsewhere, tmp_path / "normal")
    check_unseen(judged, normal)
    shutil.copy(own_root / "images/02.png", elsewhere / "images/road.png")
    _, normal = scored(elsewhere, tmp_path / "normal")
    with pytest.raises(PredictionError, match=r"frame 'road' of 'elsewhere' is '02' of 'own_frames' \(1 in both\)"):
        check_unseen(judged, normal)
