"""What a Toy Market holds: its specification, the presets, and the plan of every image, before a pixel is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np

from .factors import Row, sample_camera, sample_identity, sample_nuisance, sample_outfit, stream

TRAIN, QUERY, GALLERY = "bounding_box_train", "query", "bounding_box_test"
DISTRACTOR, JUNK = 0, -1


@dataclass(frozen=True)
class Spec:
    """A Toy Market in numbers. Each field's range is in `_RANGES`; a value outside raises ValueError.

    Counts per identity may be fractions: the total is rounded and dealt out evenly, so 17.2 gives some identities 17
    and others 18 images.
    """

    train_ids: int = 100
    test_ids: int = 150
    train_images_per_id: float = 6  # over all cameras
    gallery_images_per_id: float = 5  # labelled images of a test identity, queries not counted
    cameras: int = 6
    cameras_per_train_id: float = 3  # cameras that see one training identity
    cameras_per_test_id: float = 3  # the same for a test identity; also its queries, one per camera
    distractors: int = 100  # images of passers-by with the id 0000, every third badly boxed
    junk: int = 60  # badly boxed images with the id -1
    train_collide: float = 1.0  # training identities that wear the same outfit; 1: every identity its own
    test_collide: float = 2.5  # the same among test identities
    background_saturation: float = 0.3  # colour of the scenes; 0 is grey. The higher, the more a background leaks
    cast: float = 0.10  # largest colour cast of a camera, as a share; leaks as well
    light: float = 0.09  # spread of exposure and contrast from image to image
    blur: float = 0.28  # typical blur radius, pixels at height 128
    grain: float = 5.0  # most noise, standard deviation in grey levels

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise ValueError(f"{name} must be from {low} to {high}, got {value!r}.")
            if _TYPES[name] == "int" and value != int(value):
                raise ValueError(f"{name} must be a whole number, got {value!r}.")
        for name, images in (
            ("cameras_per_train_id", self.train_images_per_id),
            ("cameras_per_test_id", self.gallery_images_per_id),
        ):
            value = getattr(self, name)
            if value > self.cameras:
                raise ValueError(f"{name} is {value:g}, but there are only {self.cameras} cameras: raise cameras.")
            if name == "cameras_per_train_id" and value > images:
                raise ValueError(f"{name} is {value:g}, more than train_images_per_id, {images:g}: raise the latter.")

    @property
    def counts(self) -> dict[str, int]:
        """Images by kind: train, query, gallery (labelled), distractors, junk, total."""
        counts = {
            "train": round(self.train_ids * self.train_images_per_id),
            "query": round(self.test_ids * self.cameras_per_test_id),
            "gallery": round(self.test_ids * self.gallery_images_per_id),
            "distractors": self.distractors,
            "junk": self.junk,
        }
        return {**counts, "total": sum(counts.values())}

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


_TYPES = {field.name: field.type for field in fields(Spec)}
_RANGES: dict[str, tuple[float, float]] = {
    "train_ids": (2, 4000),
    "test_ids": (2, 4000),
    "train_images_per_id": (1, 100),
    "gallery_images_per_id": (2, 100),  # in two cameras, so that every query has a match in another camera
    "cameras": (2, 9),
    "cameras_per_train_id": (1, 9),
    "cameras_per_test_id": (2, 9),
    "distractors": (0, 100_000),
    "junk": (0, 100_000),
    "train_collide": (1, 100),
    "test_collide": (1, 100),
    "background_saturation": (0, 1),
    "cast": (0, 0.5),
    "light": (0, 0.3),
    "blur": (0, 2),
    "grain": (0, 20),
}

PRESETS: dict[str, Spec] = {
    # seconds: tests
    "smoke": Spec(
        train_ids=16,
        test_ids=12,
        train_images_per_id=4,
        gallery_images_per_id=2,
        cameras_per_train_id=3,
        cameras_per_test_id=2,
        distractors=8,
        junk=4,
    ),
    # the demonstration: 600 images of 100 outfits to train on, 320 to find
    "demo": Spec(
        train_ids=100,
        test_ids=40,
        train_images_per_id=6,
        gallery_images_per_id=5,
        test_collide=2,
        distractors=40,
        junk=20,
    ),
    # lessons and the table. In training, clothes tell people apart; in the test six people wear the same, as happens in
    # a gallery much larger than this one, and only what clothes do not change is left. There fine-grained mining has
    # something to find. On draw 0, with one seed and 6 images an identity, true swaps in G's place gained nothing over
    # the fair baseline at test_collide=1, and more the more people shared an outfit. Each identity walks past every
    # camera: with two cameras an identity, the background says who it is, and even true swaps cost f_fine mAP (draw 2).
    "toy": Spec(train_images_per_id=12, cameras_per_train_id=6, test_collide=6),
    # Market-1501's counts: 751 + 750 identities; 12,936 train, 3,368 query, 19,732 = 13,115 + 2,798 + 3,819 test images
    "market": Spec(
        train_ids=751,
        test_ids=750,
        train_images_per_id=12_936 / 751,
        gallery_images_per_id=13_115 / 750,
        cameras_per_train_id=4.4,
        cameras_per_test_id=3_368 / 750,
        distractors=2_798,
        junk=3_819,
    ),
}
DATASETS = ("toymarket", "toymarket-few")
"""Toy Market, and with half of the people to train on: with fewer outfits a classifier has more to gain from people in
other clothes. True swaps bring nearly three times as much there, and generated ones help, too (lesson 14)."""


def spec_of(dataset: str, scale: str) -> Spec:
    """What is drawn for a data set of `DATASETS` at a scale of the configuration.

    Raises KeyError: no such scale.
    """
    spec = PRESETS["market" if scale == "full" else scale]
    return replace(spec, train_ids=spec.train_ids // 2) if dataset == "toymarket-few" else spec


PRESETS["few"] = spec_of("toymarket-few", "toy")


def sample_cameras(spec: Spec, seed: int) -> list[Row]:
    """The cameras, number 1 first."""
    return [
        sample_camera(seed, k, spec.cameras, cast=spec.cast, background_saturation=spec.background_saturation)
        for k in range(1, spec.cameras + 1)
    ]


def plan(spec: Spec, seed: int, cameras: list[Row] | None = None) -> dict[str, Row]:
    """Every image's factors by its path in the folder, as in `query/0002_c1s1_000451_03.jpg`; column `id` added.

    Training identities and test identities are other people in other outfits. They walk past the cameras of this seed,
    or past those that are given.
    """
    cameras = cameras or sample_cameras(spec, seed)
    rng = stream(seed, "plan")
    numbers = 1 + rng.permutation(max(1501, spec.train_ids + spec.test_ids))[: spec.train_ids + spec.test_ids]
    train_ids, test_ids = np.sort(numbers[: spec.train_ids]), np.sort(numbers[spec.train_ids :])
    outfits_of_test = _outfits(rng, seed, "test outfit", spec.test_ids, spec.test_collide)
    images: list[tuple[str, int, int, int, Row]] = []  # folder, id, camera, number in the file name, person

    outfits = _outfits(rng, seed, "train outfit", spec.train_ids, spec.train_collide)
    dealt = zip(
        train_ids,
        outfits,
        _dealt(spec.train_ids, spec.counts["train"]),
        _dealt(spec.train_ids, round(spec.train_ids * spec.cameras_per_train_id)),
        strict=True,
    )
    for pid, outfit, count, seen_by in dealt:
        person = outfit | sample_identity(stream(seed, "identity", int(pid)))
        places = 1 + rng.permutation(spec.cameras)[: min(seen_by, count)]
        images += [(TRAIN, pid, int(places[k % len(places)]), 1 + k, person) for k in range(count)]

    people = [
        o | sample_identity(stream(seed, "identity", int(p))) for p, o in zip(test_ids, outfits_of_test, strict=True)
    ]
    dealt = zip(
        test_ids,
        people,
        _dealt(spec.test_ids, spec.counts["gallery"]),
        _dealt(spec.test_ids, spec.counts["query"]),
        strict=True,
    )
    for pid, person, count, seen_by in dealt:
        places = 1 + rng.permutation(spec.cameras)[:seen_by]
        images += [(QUERY, pid, int(camera), 0, person) for camera in places]
        images += [(GALLERY, pid, int(places[k % seen_by]), 1 + k, person) for k in range(count)]

    for k in range(spec.distractors):
        passer_by = sample_outfit(stream(seed, "distractor outfit", k)) | sample_identity(stream(seed, "distractor", k))
        images.append((GALLERY, DISTRACTOR, int(rng.integers(1, spec.cameras + 1)), 1 + k % 7, passer_by))
    for k in range(spec.junk):
        person = people[int(rng.integers(len(people)))]
        images.append((GALLERY, JUNK, int(rng.integers(1, spec.cameras + 1)), 1 + k % 7, person))

    rows: dict[str, Row] = {}
    for number, ((folder, pid, camera, shot, person), frame) in enumerate(zip(images, _frames(rng), strict=False)):
        nuisance = sample_nuisance(
            stream(seed, "image", number),
            cameras[camera - 1],
            light=spec.light,
            blur=spec.blur,
            grain=spec.grain,
            badly_boxed=pid == JUNK or (pid == DISTRACTOR and number % 3 == 0),
        )
        name = f"{_number(pid)}_c{camera}s{1 + frame // 200_000 % 6}_{frame % 200_000:06d}_{shot:02d}.jpg"
        rows[f"{folder}/{name}"] = {"id": int(pid), **person, **nuisance}
    return rows


def _number(pid: int) -> str:
    return "-1" if pid == JUNK else f"{pid:04d}"


def _frames(rng: np.random.Generator) -> Iterator[int]:
    frame = int(rng.integers(100, 900))
    while True:
        yield frame
        frame += int(rng.integers(5, 45))


def _dealt(ids: int, total: int) -> list[int]:
    """`total` things dealt out to `ids` as evenly as they go."""
    return [(k + 1) * total // ids - k * total // ids for k in range(ids)]


def _outfits(rng: np.random.Generator, seed: int, kind: str, ids: int, collide: float) -> list[Row]:
    """One outfit per identity; about `collide` identities share each."""
    different = max(1, round(ids / collide))
    pool = [sample_outfit(stream(seed, kind, k)) for k in range(different)]
    return [pool[k % different] for k in rng.permutation(ids)]


def differences(there: dict[str, Any], asked: dict[str, Any]) -> str:
    """What tells two descriptions of a set apart, in words."""
    there, asked = {**there, **there.get("spec", {})}, {**asked, **asked.get("spec", {})}
    keys = [key for key in asked | there if key not in ("spec", "cameras") and there.get(key) != asked.get(key)]
    return ", ".join(f"{key} is {there.get(key)} there and {asked.get(key)} here" for key in keys)
