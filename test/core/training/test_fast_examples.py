"""Examples of the fast networks: what is unexpected, what is not, and what nobody knows."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from unexpected_core.datasets.base import Dataset
from unexpected_core.datasets.joined import Joined
from unexpected_core.structs import Sample
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.examples.fast import ExampleSource, FastExamples, touches_border
from unexpected_core.training.examples.settings import ExampleSettings

ROAD, BUS = 0, 15


class Street(Dataset):
    """One frame, 64 x 128: road, a nameless thing in the middle, the hood at the lower border."""

    def __init__(self, obstacle=False, name="street"):
        super().__init__(name, ["one"])
        self.obstacle = obstacle

    def load(self, index):
        labels = np.full((64, 128), ROAD, np.uint8)
        labels[20:30, 40:60] = labels[58:, :] = 255
        truth = np.where(labels == 255, 1, 0).astype(np.uint8)
        truth[58:] = 255
        return Sample("one", np.full((64, 128, 3), 90, np.uint8), labels, obstacle=truth if self.obstacle else None)


def example(dataset, coarse=False, seed=0, **changes):
    settings = ExampleSettings(crop=(64, 128), heights=(64, 64), paste=False, **changes)
    examples = FastExamples([ExampleSource(dataset, coarse=coarse)], settings, train=False)
    return examples.example(0, np.random.default_rng(seed))


@pytest.mark.parametrize("obstacle, coarse, expected", [(False, False, 255), (True, False, 1), (False, True, 0)])
def test_a_nameless_thing_is_unknown_an_obstacle_unexpected_and_coarse_labels_say_nothing(obstacle, coarse, expected):
    discrepancy = example(Street(obstacle), coarse)["discrepancy"]
    assert (discrepancy[20:30, 40:60] == expected).all()
    discrepancy[20:30, 40:60] = 0
    assert not discrepancy.any()  # the hood is known, too


def test_a_frame_without_labels_is_named():
    class Bare(Street):
        def load(self, index):
            return replace(super().load(index), labels=None)

    for use in (example, partial(learn, rare=0.3)):
        with pytest.raises(TrainingError, match="'street/one' has no labels, and this task learns from labels"):
            use(Bare())


def test_ids_that_no_class_has_are_named():
    class Indoors(Street):
        def load(self, index):
            return replace(super().load(index), labels=np.full((64, 128), 27, np.uint8))

    for use in (example, partial(learn, rare=0.3)):
        with pytest.raises(TrainingError, match="labels of 'street/one' hold id 27; expected 0"):
            use(Indoors())


def learn(dataset, seed=0, **changes):
    settings = ExampleSettings(crop=(48, 96), heights=(64, 120), **changes)
    return FastExamples([ExampleSource(dataset)], settings, train=True).example(0, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(8))
def test_what_an_example_holds(seed):
    shapes = dict.fromkeys(("image", "photo"), (3, 48, 96))
    shapes |= dict.fromkeys(("labels", "discrepancy", "photo_discrepancy"), (48, 96))
    first, again = learn(Street(), seed), learn(Street(), seed)
    for name, shape in shapes.items():
        assert first[name].shape == shape and first[name].dtype == np.uint8 and first[name].flags.c_contiguous
        assert np.array_equal(first[name], again[name])
    assert (first["labels"][first["discrepancy"] == 1] == 255).all()
    assert np.isin(first["discrepancy"], (0, 1, 255)).all()
    assert set(first) == set(shapes)


def test_the_photo_has_the_images_light_but_not_its_things():
    """On a plain frame the photo is plain too, whatever the camera, and the image differs where things are."""
    only_things = {"distractors": 0, "crossings": 0, "bonnet": 0, "recolour": 0, "shadows": 0, "probability": 1}
    differs = []
    for seed in range(12):
        found = learn(Street(), seed, pastes={**only_things, "camouflage": 0})
        image, photo = (found[name].astype(int) for name in ("image", "photo"))
        things = found["discrepancy"] == 1
        assert np.ptp(photo, axis=(1, 2)).max() == 0
        assert np.median(image[:, ~things], 1) == pytest.approx(photo[:, 0, 0], abs=4)
        differs += [np.abs(image - photo).max(0)[things].mean()] if things.any() else []
    assert np.mean(differs) > 20


@pytest.mark.parametrize(("coarse", "least", "most"), [(False, 4, 12), (True, 13, 24)])
def test_known_things_of_another_frame_are_expected(coarse, least, most):
    """Few of another data set, but where the own one's labels know none."""

    class Traffic(Street):
        def load(self, index):
            sample = super().load(index)
            labels = sample.labels.copy()
            labels[20:45, 30:70] = BUS
            return replace(sample, labels=labels)

    pastes = {"known": 1, "most_known": 3, "probability": 0, "distractors": 0, "crossings": 0, "bonnet": 0}
    buses = 0
    for seed in range(24):
        settings = ExampleSettings(crop=(64, 128), heights=(64, 64), pastes=pastes, sources=9)
        sources = [ExampleSource(Street(), coarse=coarse), ExampleSource(Traffic(name="buses"))]
        examples = FastExamples(sources, settings, train=False)
        found = examples.example(0, np.random.default_rng(seed))
        bus = found["labels"] == BUS
        assert not found["discrepancy"][bus].any()
        buses += bus.any()
    assert least <= buses <= most


def test_a_large_frame_is_known_to_the_pixel():
    """Of more than 512 rows: an obstacle and a nameless thing, at odd places, of odd sizes."""

    class Large(Street):
        def load(self, index):
            labels, obstacle = np.full((1028, 1030), ROAD, np.uint8), np.zeros((1028, 1030), np.uint8)
            labels[101:220, 33:248] = labels[301:308, 33:40] = 255
            obstacle[401:404, 33:36] = 1
            labels[1001:] = 255
            return Sample("one", np.zeros((1028, 1030, 3), np.uint8), labels, obstacle=obstacle)

    settings = ExampleSettings(crop=(1028, 1030), heights=(1028, 1028), paste=False)
    found = FastExamples([ExampleSource(Large())], settings, train=False).example(0, np.random.default_rng(0))
    expected = np.zeros((1028, 1030), np.uint8)
    expected[101:220, 33:248] = expected[301:308, 33:40] = 255
    expected[401:404, 33:36] = 1
    assert np.array_equal(found["discrepancy"], expected)


class Blocked(Street):
    """A street that a bright thing blocks; its own obstacle, to which `label` is given."""

    label = 255

    def load(self, index):
        sample = super().load(index)
        labels, obstacle = np.full((64, 128), ROAD, np.uint8), np.zeros((64, 128), np.uint8)
        labels[24:, 10:118], obstacle[24:, 10:118] = self.label, 1
        image = np.where(obstacle[..., None] == 1, np.uint8((255, 0, 255)), sample.image)
        return replace(sample, labels=labels, obstacle=obstacle, image=image)


def pasted_over(thing, dataset, *lenders):
    """A street that is blocked, after only this was pasted: the example, and where the thing that blocks it shows."""
    pastes = {"known": 0, "probability": 0, "distractors": 0, "crossings": 0, "bonnet": 0, "recolour": 0, thing: 1}
    settings = ExampleSettings(crop=(64, 128), heights=(64, 64), pastes=pastes, sources=9)
    sets = [dataset, *lenders]
    examples = FastExamples([*map(ExampleSource, sets)], settings, train=False)
    for seed in range(20):
        found = examples.example(0, np.random.default_rng(seed))
        shows = (found["image"][0] > 200) & (found["image"][1] < 50)
        blocked = np.zeros((64, 128), bool)
        blocked[24:, 10:118] = True
        yield found, shows, blocked


def test_a_segmenter_does_not_learn_the_name_of_an_obstacle():
    street = Blocked()
    street.label = BUS
    found = example(street)
    assert (found["labels"][24:, 10:118] == 255).all() and (found["labels"] == ROAD).sum() == 64 * 128 - 40 * 108


def test_an_obstacle_is_never_lent_as_a_known_thing_whatever_its_label():
    class Anomaly(Street):
        """A bus, as its labels say; but it is called an obstacle."""

        def load(self, index):
            labels, obstacle = np.full((64, 128), ROAD, np.uint8), np.zeros((64, 128), np.uint8)
            labels[20:45, 30:70], obstacle[20:45, 30:70] = BUS, 1
            return Sample("one", np.full((64, 128, 3), 90, np.uint8), labels, obstacle=obstacle)

    pastes = {"known": 1, "probability": 0, "distractors": 0, "crossings": 0, "bonnet": 0, "recolour": 0}
    settings = ExampleSettings(crop=(64, 128), heights=(64, 64), pastes=pastes, sources=9)
    examples = FastExamples([*map(ExampleSource, (Street(), Anomaly(name="lender")))], settings, train=False)
    for seed in range(24):
        assert not (examples.example(0, np.random.default_rng(seed))["labels"] == BUS).any()


def test_a_bonnet_over_an_obstacle_is_expected():
    for found, shows, blocked in pasted_over("bonnet", Blocked()):
        assert (blocked & ~shows).sum() > 100
        for name in ("discrepancy", "photo_discrepancy"):
            assert np.mean((found[name] == 1) == shows) > 0.98  # soft at its rim


def test_the_photo_keeps_the_frames_own_obstacle_and_says_so():
    """Also where a thing was pasted before it, which the image shows and the photo does not."""
    pasted = 0
    for found, _, blocked in pasted_over("probability", Blocked()):
        assert ((found["photo_discrepancy"] == 1) == blocked).all()
        beside = (found["discrepancy"] == 1) & ~blocked
        assert (found["discrepancy"][blocked] == 1).all()
        pasted += beside.sum()
    assert pasted > 100


@pytest.mark.parametrize("label", [255, BUS])
def test_a_known_thing_over_an_obstacle_is_expected_whatever_the_obstacle_is_called(label):
    class Traffic(Street):
        def load(self, index):
            sample = super().load(index)
            labels, image = sample.labels.copy(), sample.image.copy()
            labels[20:45, 30:70], image[20:45, 30:70] = BUS, (20, 160, 20)
            return replace(sample, labels=labels, image=image)

    blocked_street, covered = Blocked(), 0
    blocked_street.label = label
    for found, shows, blocked in pasted_over("known", blocked_street, Traffic(name="buses")):
        assert np.mean((found["discrepancy"] == 1) == (shows & blocked)) > 0.95
        covered += (blocked & ~shows).any()
    assert covered > 3


def test_touches_border():
    mask = np.zeros((5, 6), bool)
    mask[0:2, 0:2] = mask[3, 3] = True
    assert touches_border(mask).tolist() == (mask & (np.arange(5) < 3)[:, None]).tolist()


def test_joined_sets_keep_obstacles_and_say_whose_frame_it_is():
    joined = Joined([Street(), Street(obstacle=True, name="lane")])
    assert joined.keys == ("street/one", "lane/one")
    assert joined["street/one"].obstacle is None and (joined["lane/one"].obstacle == 1).sum() == 200
