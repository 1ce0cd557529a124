"""Batches of triples: chance that can be repeated, positives, partners, augmentation."""

import numpy as np
import pytest
import torch

from dgnet_lite.data.batches import Batches, augment, denormalise, normalise, random_erasing

H, W = 16, 8


def batches(labels, cameras=None, *, batch_size=4, pad=0, **kwargs):
    """Images of one grey each: image k is filled with the byte k."""
    n = len(labels)
    images = np.repeat(np.arange(n, dtype=np.uint8), H * W * 3).reshape(n, H, W, 3)
    cameras = np.ones(n, int) if cameras is None else np.asarray(cameras)
    return Batches(images, np.asarray(labels), cameras, batch_size=batch_size, pad=pad, **kwargs)


def row(x):
    """Which images these are."""
    return denormalise(x)[:, 0, 0, 0].long()


def same(a, b):
    return all(torch.equal(getattr(a, name), getattr(b, name)) for name in ("x_i", "x_t", "y", "partner", "index"))


# Chance


def test_the_same_seed_gives_the_same_batches():
    first, second = (batches([0, 0, 1, 1, 2, 2, 3, 3], seed=5, pad=2) for _ in range(2))
    assert all(same(first.sample(), second.sample()) for _ in range(7))


def test_another_seed_gives_other_batches():
    first, second = (batches([0, 0, 1, 1, 2, 2, 3, 3], seed=seed) for seed in (0, 1))
    assert not all(same(first.sample(), second.sample()) for _ in range(7))


def test_the_global_generator_is_left_alone():
    source = batches([0, 0, 1, 1])
    before = torch.get_rng_state()
    source.sample()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("taken", [0, 1, 2, 3, 5])
def test_a_saved_state_brings_back_the_very_next_batches(taken):
    source = batches([0, 0, 1, 1, 2, 2, 3, 3, 4, 4], seed=3, pad=2)
    for _ in range(taken):
        source.sample()
    state = source.state_dict()
    expected = [source.sample() for _ in range(6)]
    other = batches([0, 0, 1, 1, 2, 2, 3, 3, 4, 4], seed=99, pad=2)
    other.load_state_dict(state)
    assert all(same(other.sample(), batch) for batch in expected)


def test_the_state_of_another_training_set_is_refused():
    source = batches([0, 0, 1, 1, 2, 2])
    source.sample()
    with pytest.raises(ValueError, match="saved with 6 training images; there are 4 now"):
        batches([0, 0, 1, 1]).load_state_dict(source.state_dict())


# Anchors


def test_every_image_is_an_anchor_once_an_epoch():
    source = batches([0, 0, 1, 1, 2, 2, 3, 3], batch_size=4)
    for _ in range(3):
        assert sorted(torch.cat([source.sample().index for _ in range(2)]).tolist()) == list(range(8))


def test_no_image_is_an_anchor_twice_in_an_epoch_that_does_not_divide_into_batches():
    source = batches([0, 0, 1, 1, 2, 2, 3, 3, 4, 4], batch_size=4)
    for _ in range(3):
        assert len(torch.cat([source.sample().index for _ in range(2)]).unique()) == 8


def test_images_and_labels_belong_to_the_index():
    labels = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    batch = batches(labels).sample()
    assert row(batch.x_i).tolist() == batch.index.tolist()
    assert batch.y.tolist() == labels[batch.index].tolist()


# Positives


def test_a_positive_is_another_image_of_the_same_identity():
    labels = torch.tensor([0, 1, 0, 2, 1, 2, 0, 1])
    index = torch.arange(8).repeat(200)
    positive = batches(labels).positive_of(index)
    assert torch.equal(labels[positive], labels[index])
    assert (positive != index).all()


def test_every_other_image_of_the_identity_can_be_the_positive():
    positive = batches([1, 0, 1, 1, 0, 1]).positive_of(torch.zeros(400, dtype=torch.long))
    assert torch.bincount(positive, minlength=6).gt(60).tolist() == [False, False, True, True, False, True]


def test_an_identity_with_one_image_is_its_own_positive():
    assert batches([0, 1, 1, 1]).positive_of(torch.zeros(50, dtype=torch.long)).unique().tolist() == [0]


def test_other_camera_is_honoured_where_there_is_one():
    labels, cameras = torch.tensor([0, 0, 0, 1, 0, 1]), torch.tensor([1, 1, 2, 1, 3, 2])
    source = batches(labels, cameras, positives="other_camera")
    index = torch.arange(6).repeat(200)
    positive = source.positive_of(index)
    assert torch.equal(labels[positive], labels[index])
    assert (cameras[positive] != cameras[index]).all()


def test_other_camera_still_reaches_every_image_of_the_other_cameras():
    source = batches([0, 0, 0, 0, 1], [2, 1, 2, 3, 1], positives="other_camera")
    assert source.positive_of(torch.zeros(200, dtype=torch.long)).unique().tolist() == [1, 3]


def test_an_identity_of_one_camera_gets_another_image_of_that_camera():
    source = batches([0, 0, 0, 1, 1], [1, 1, 1, 1, 2], positives="other_camera")
    assert source.positive_of(torch.zeros(200, dtype=torch.long)).unique().tolist() == [1, 2]


def test_one_image_is_its_own_positive_under_other_camera_too():
    source = batches([0, 1, 1, 1], positives="other_camera")
    assert source.positive_of(torch.zeros(50, dtype=torch.long)).unique().tolist() == [0]


# Partners


@pytest.mark.parametrize("y", [[0, 1, 2, 3], [0, 0, 1, 1], [0, 0, 0, 1, 2, 3], [0, 0, 1, 2, 2], [0, 1, 0, 1, 0, 1]])
def test_a_partner_is_never_of_the_same_identity_where_that_can_be(y):
    source, y = batches([0, 0, 1, 1]), torch.tensor(y)
    assert all((y[source.partner_of(y)] != y).all() for _ in range(100))


@pytest.mark.parametrize("partners", ["different", "any"])
@pytest.mark.parametrize("y", [[0, 1, 2, 3], [0, 0, 1, 1, 2], [0, 0, 0, 1], [5, 5, 5]])
def test_every_image_gives_its_structure_once(y, partners):
    source = batches([0, 0, 1, 1], partners=partners)
    assert sorted(source.partner_of(torch.tensor(y)).tolist()) == list(range(len(y)))


def test_different_partners_are_drawn_anew():
    source, y = batches([0, 0, 1, 1]), torch.arange(8)
    assert len({tuple(source.partner_of(y).tolist()) for _ in range(20)}) > 10


def test_any_swaps_the_two_halves_of_the_batch():
    assert batches([0, 0, 1, 1], partners="any").partner_of(torch.zeros(6, dtype=torch.long)).tolist() == [
        *(3, 4, 5),
        *(0, 1, 2),
    ]


def test_x_j_and_y_j_are_those_of_the_partner():
    batch = batches([0, 0, 1, 1, 2, 2, 3, 3]).sample()
    assert row(batch.x_j).tolist() == batch.index[batch.partner].tolist()
    assert batch.y_j.tolist() == batch.y[batch.partner].tolist()


# Augmentation, on an image that holds its own coordinates: red is the row, green the column


@pytest.fixture(scope="module")
def coordinates():
    image = np.zeros((1, H, W, 3), np.uint8)
    image[..., 0], image[..., 1] = np.arange(H)[:, None], np.arange(W)
    return torch.from_numpy(image)


def augmented(coordinates, pad, count=300):
    x = augment(coordinates, torch.zeros(count, dtype=torch.long), pad, torch.Generator().manual_seed(0))
    return denormalise(x).numpy().astype(int)


def test_without_padding_an_image_is_itself_or_its_mirror_image(coordinates):
    plain, mirrored = coordinates[0].numpy(), coordinates[0].numpy()[:, ::-1]
    kinds = [(x == plain).all() + 2 * (x == mirrored).all() for x in augmented(coordinates, pad=0)]
    assert set(kinds) == {1, 2}


def test_half_of_the_images_are_mirrored(coordinates):
    mirrored = augmented(coordinates, pad=0)[:, 0, 0, 1] == W - 1
    assert 0.4 < mirrored.mean() < 0.6


def test_a_crop_is_a_shift_with_the_edge_repeated(coordinates):
    pad = 3
    for x in augmented(coordinates, pad, count=100):
        rows, columns = x[:, :, 0], x[:, :, 1]
        columns = columns if columns[0, 0] <= columns[0, -1] else columns[:, ::-1]
        down, right = rows[H // 2, 0] - H // 2, columns[0, W // 2] - W // 2
        assert abs(down) <= pad
        assert abs(right) <= pad
        assert (rows == np.clip(np.arange(H) + down, 0, H - 1)[:, None]).all()
        assert (columns == np.clip(np.arange(W) + right, 0, W - 1)).all()


def test_every_shift_up_to_the_padding_is_drawn(coordinates):
    shifts = augmented(coordinates, pad=2)[:, H // 2, 0, 0] - H // 2
    assert set(shifts) == {-2, -1, 0, 1, 2}


def test_each_image_of_a_batch_has_its_own_draw(coordinates):
    assert len({x.tobytes() for x in augmented(coordinates, pad=2, count=20)}) > 5


# Random erasing


@pytest.fixture(scope="module")
def ones():
    return torch.ones(400, 3, 64, 32)


def erased(x, probability=1.0):
    return (random_erasing(x, probability, torch.Generator().manual_seed(0)) == 0).float()


def test_erasing_leaves_the_input_as_it_was(ones):
    random_erasing(ones, 1.0, torch.Generator().manual_seed(0))
    assert (ones == 1).all()


def test_at_most_two_fifths_of_an_image_are_erased(ones):
    assert erased(ones).mean(dim=(1, 2, 3)).max() <= 0.4


def test_about_a_fiftieth_is_the_least_that_is_erased(ones):
    assert erased(ones).mean(dim=(1, 2, 3)).min() > 0.01  # 0.02, sides rounded down to whole pixels


def test_erasing_takes_one_full_rectangle_of_all_channels(ones):
    for hole in erased(ones)[:50]:
        area = hole.sum(dim=(1, 2))
        assert area[0] == area[1] == area[2] == hole[0].amax(dim=1).sum() * hole[0].amax(dim=0).sum()


@pytest.mark.parametrize(("probability", "low", "high"), [(0.0, 0.0, 0.0), (0.5, 0.4, 0.6), (1.0, 1.0, 1.0)])
def test_images_are_erased_with_the_given_probability(ones, probability, low, high):
    share = erased(ones, probability).amax(dim=(1, 2, 3)).mean().item()
    assert low <= share <= high


# Bytes and numbers


def test_every_byte_survives_normalising_and_back():
    images = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16, 1).expand(1, 16, 16, 3).contiguous()
    assert torch.equal(denormalise(normalise(images)), images)


def test_the_imagenet_mean_becomes_zero_and_one_deviation_becomes_one():
    red = torch.tensor([0.485, 0.485 + 0.229]) * 255
    x = normalise(red.round().byte().reshape(1, 1, 2, 1).expand(1, 1, 2, 3).contiguous())[0, 0, 0]
    torch.testing.assert_close(x, torch.tensor([0.0, 1.0]), rtol=0, atol=0.5 / 255 / 0.229 + 1e-6)


def test_what_no_byte_can_hold_is_clipped():
    x = torch.tensor([-100.0, 100.0]).reshape(2, 1, 1, 1).expand(2, 3, 1, 1)
    assert denormalise(x)[:, 0, 0].tolist() == [[0, 0, 0], [255, 255, 255]]


# Wrong input


def test_fewer_images_than_a_batch_are_refused():
    with pytest.raises(ValueError, match="3 training images are fewer than a batch of 4"):
        batches([0, 0, 1])


def test_counts_that_do_not_agree_are_refused():
    with pytest.raises(ValueError, match="4 images, 4 labels, 3 cameras"):
        batches([0, 0, 1, 1], [1, 1, 1])


def test_images_that_are_not_bytes_are_refused():
    with pytest.raises(TypeError, match=r"images must be uint8 .* got torch\.float32"):
        Batches(torch.zeros(4, H, W, 3), np.zeros(4, int), np.ones(4, int), batch_size=2, pad=0)
