"""Right answers to the exercises of lesson 01, written differently, and mistakes with what the check says of them."""

import re

import numpy as np
import torch

from dgnet_lite.course.checks.lesson01 import (
    check_average_precision,
    check_chance_rank1,
    check_cmc,
    check_mean_average_precision,
    check_parse_name,
    check_stripe_histogram,
    check_valid_gallery,
)
from dgnet_lite.course.checks.proof import Proof
from dgnet_lite.evaluation import retrieval

# 01.1


def name_by_split(name):
    pid, rest = name.split("_")[:2]
    return int(pid), int(rest[1 : rest.index("s")])


def name_by_pattern(name):
    match = re.match(r"(-?\d+)_c(\d+)s", name)
    return [int(match[1]), int(match[2])]


def name_by_four_characters(name):
    return int(name[:4]), int(name[6])


def name_by_place(name):
    return int(name.split("_")[0]), int(name[6])


def name_with_one_digit_of_camera(name):
    return int(name.split("_")[0]), int(name.split("_c")[1][0])


def name_without_the_minus(name):
    match = re.search(r"(\d+)_c(\d+)s", name)
    return int(match[1]), int(match[2])


def name_as_strings(name):
    pid, rest = name.split("_")[:2]
    return pid, rest[1:2]


# 01.2


def valid_by_logic(query_id, query_camera, ids, cameras):
    return (ids != -1) & ~((ids == query_id) & (cameras == query_camera))


def valid_by_loop(query_id, query_camera, ids, cameras):
    return [
        i != -1 and (i != query_id or c != query_camera) for i, c in zip(ids.tolist(), cameras.tolist(), strict=True)
    ]


def valid_with_junk(query_id, query_camera, ids, cameras):
    return ~((ids == query_id) & (cameras == query_camera))


def valid_without_the_camera(query_id, query_camera, ids, cameras):
    return (ids != -1) & (cameras != query_camera)


def valid_by_or(query_id, query_camera, ids, cameras):
    return (ids != -1) & ~((ids == query_id) | (cameras == query_camera))


def valid_without_distractors(query_id, query_camera, ids, cameras):
    return (ids > 0) & ~((ids == query_id) & (cameras == query_camera))


def valid_with_the_same_camera(query_id, query_camera, ids, cameras):
    return ids != -1


def valid_upside_down(query_id, query_camera, ids, cameras):
    return ~valid_by_logic(query_id, query_camera, ids, cameras)


# 01.3


def cmc_by_cumsum(is_match):
    found = is_match.cumsum(dim=1) > 0
    return found[is_match.any(dim=1)].double().mean(dim=0)


def cmc_by_first_rank(is_match):
    first = [row.tolist().index(True) for row in is_match if row.any()]
    return np.array([np.mean([f <= r for f in first]) for r in range(is_match.shape[1])])


def cmc_not_added_up(is_match):
    return is_match[is_match.any(dim=1)].double().mean(dim=0)


def cmc_counting_every_match(is_match):
    return is_match[is_match.any(dim=1)].cumsum(dim=1).double().mean(dim=0)


def cmc_with_the_unanswerable(is_match):
    return (is_match.cumsum(dim=1) > 0).double().mean(dim=0)


def cmc_along_the_wrong_axis(is_match):
    return (is_match.cumsum(dim=1) > 0).double().mean(dim=1)


# 01.4


def ap_by_loop(is_match, rule):
    total, found = 0.0, 0
    for rank, hit in enumerate(is_match.tolist()):
        if hit:
            before = found / rank if rank else 1.0
            found += 1
            after = found / (rank + 1)
            total += after if rule == "step" else (before + after) / 2
    return total / found


def ap_by_cumsum(is_match, rule):
    after = is_match.cumsum(0).double() / torch.arange(1, len(is_match) + 1)
    before = torch.cat([torch.ones(1), after[:-1]])
    return (after if rule == "step" else (before + after) / 2)[is_match].mean()


def ap_by_the_package(is_match, rule):
    return retrieval.average_precision(is_match.nonzero()[:, 0], rule)


def ap_always_step(is_match, rule):
    return ap_by_loop(is_match, "step")


def ap_always_trapezoid(is_match, rule):
    return ap_by_loop(is_match, "trapezoid")


def ap_that_starts_at_zero(is_match, rule):
    after = is_match.cumsum(0).double() / torch.arange(1, len(is_match) + 1)
    before = torch.cat([torch.zeros(1), after[:-1]])
    return (after if rule == "step" else (before + after) / 2)[is_match].mean()


def ap_between_matches(is_match, rule):
    after = (is_match.cumsum(0).double() / torch.arange(1, len(is_match) + 1))[is_match]
    before = torch.cat([torch.tensor([0.0 if not is_match[0] else 1.0]), after[:-1]])
    return (after if rule == "step" else (before + after) / 2).mean()


def ap_over_all_ranks(is_match, rule):
    return (is_match.cumsum(0).double() / torch.arange(1, len(is_match) + 1)).mean()


def ap_over_all_images(is_match, rule):
    return ap_by_loop(is_match, rule) * is_match.sum() / len(is_match)


# 01.5


def map_vectorised(scores, is_match, keep, *, removed=-torch.inf, descending=True, first=1.0, step=False):
    order = scores.masked_fill(~keep, removed).argsort(dim=1, descending=descending, stable=True)
    ranked = is_match.gather(1, order)
    after = ranked.cumsum(dim=1) / torch.arange(1, ranked.shape[1] + 1)
    before = torch.nn.functional.pad(after[:, :-1], (1, 0), value=first)
    ap = ((after if step else (before + after) / 2) * ranked).sum(dim=1) / ranked.sum(dim=1)
    return ap.mean()


def map_by_loop(scores, is_match, keep):
    total = 0.0
    for s, m, k in zip(scores, is_match, keep, strict=True):
        total += float(ap_by_loop(m[k][s[k].argsort(descending=True)], "trapezoid"))
    return total / len(scores)


def map_with_removed_images(scores, is_match, keep):
    return map_vectorised(scores, is_match, torch.ones_like(keep))


def map_with_removed_at_zero(scores, is_match, keep):
    return map_vectorised(scores, is_match, keep, removed=0.0)


def map_with_removed_at_the_lowest(scores, is_match, keep):
    return map_vectorised(scores, is_match, keep, removed=scores.min().item())


def map_by_steps(scores, is_match, keep):
    return map_vectorised(scores, is_match, keep, step=True)


def map_from_zero(scores, is_match, keep):
    return map_vectorised(scores, is_match, keep, first=0.0)


def map_upside_down(scores, is_match, keep):
    return map_vectorised(scores, is_match, torch.ones_like(keep), descending=False)


def map_over_matches(scores, is_match, keep):
    order = scores.masked_fill(~keep, -torch.inf).argsort(dim=1, descending=True)
    ranked = is_match.gather(1, order)
    after = ranked.cumsum(dim=1) / torch.arange(1, ranked.shape[1] + 1)
    before = torch.nn.functional.pad(after[:, :-1], (1, 0), value=1.0)
    return ((before + after) / 2)[ranked].mean()


# 01.6


def chance_at_once(query_ids, query_cameras, gallery_ids, gallery_cameras):
    same_id = query_ids[:, None] == gallery_ids
    keep = ~(same_id & (query_cameras[:, None] == gallery_cameras))
    return ((same_id & keep).sum(axis=1) / keep.sum(axis=1)).mean()


def chance_by_loop(query_ids, query_cameras, gallery_ids, gallery_cameras):
    chances = []
    for pid, camera in zip(query_ids.tolist(), query_cameras.tolist(), strict=True):
        kept = [
            i for i, c in zip(gallery_ids.tolist(), gallery_cameras.tolist(), strict=True) if (i, c) != (pid, camera)
        ]
        chances.append(kept.count(pid) / len(kept))
    return sum(chances) / len(chances)


def chance_with_the_same_camera(query_ids, query_cameras, gallery_ids, gallery_cameras):
    return (query_ids[:, None] == gallery_ids).mean(axis=1).mean()


def chance_of_the_whole_gallery(query_ids, query_cameras, gallery_ids, gallery_cameras):
    same_id = query_ids[:, None] == gallery_ids
    return (same_id & (query_cameras[:, None] != gallery_cameras)).mean(axis=1).mean()


def chance_pooled(query_ids, query_cameras, gallery_ids, gallery_cameras):
    same_id = query_ids[:, None] == gallery_ids
    keep = ~(same_id & (query_cameras[:, None] == gallery_cameras))
    return (same_id & keep).sum() / keep.sum()


def chance_of_each_query(query_ids, query_cameras, gallery_ids, gallery_cameras):
    same_id = query_ids[:, None] == gallery_ids
    keep = ~(same_id & (query_cameras[:, None] == gallery_cameras))
    return (same_id & keep).sum(axis=1) / keep.sum(axis=1)


# 01.7


def colour_codes(images, bins):
    x = images.astype(int) * bins // 256
    return (x[..., 0] * bins + x[..., 1]) * bins + x[..., 2]


def histogram_by_bincount(images, stripes, bins):
    rows = []
    for code in colour_codes(images, bins):
        parts = np.split(code, stripes)
        shares = [np.bincount(part.ravel(), minlength=bins**3) / part.size for part in parts]
        rows.append(np.sqrt(np.concatenate(shares)) / np.sqrt(stripes))
    return np.array(rows)


def histogram_by_scatter(images, stripes, bins):
    code = torch.as_tensor(colour_codes(images, bins)).reshape(len(images), stripes, -1)
    count = torch.zeros(len(code), stripes, bins**3).scatter_add_(2, code, torch.ones(code.shape))
    return torch.nn.functional.normalize(count.sqrt().flatten(1))


def histogram_in_bytes(images, stripes, bins):
    x = images * np.uint8(bins) // 255 // 2
    code = ((x[..., 0] * bins + x[..., 1]) * bins + x[..., 2]).astype(int)
    count = np.stack([np.bincount(row.ravel(), minlength=bins**3) for row in code])
    return np.sqrt(count / code[0].size)


def histogram_of_columns(images, stripes, bins):
    return histogram_by_bincount(images.swapaxes(1, 2), stripes, bins)


def histogram_of_two_bins(images, stripes, bins):
    return histogram_by_bincount((images // 128 * 255).astype(np.uint8), stripes, bins)


def histogram_of_blue_first(images, stripes, bins):
    return histogram_by_bincount(images[..., ::-1], stripes, bins)


def histogram_of_counts(images, stripes, bins):
    return histogram_by_bincount(images, stripes, bins) ** 2 * stripes * (images[0, ..., 0].size // stripes)


def histogram_of_shares(images, stripes, bins):
    return histogram_by_bincount(images, stripes, bins) ** 2


def histogram_of_longer_rows(images, stripes, bins):
    return histogram_by_bincount(images, stripes, bins) * np.sqrt(stripes)


PROOFS = [
    Proof(
        check_parse_name,
        right=[name_by_split, name_by_pattern],
        wrong=[
            (name_by_four_characters, "split at '_'"),
            (name_by_place, "junk has a shorter id"),
            (name_with_one_digit_of_camera, "MSMT17 has 15"),
            (name_without_the_minus, "minus of junk is lost"),
            (name_as_strings, "holds strings"),
        ],
    ),
    Proof(
        check_valid_gallery,
        right=[valid_by_logic, valid_by_loop],
        wrong=[
            (valid_with_junk, "Junk .* still there"),
            (valid_without_the_camera, "others than person 7 stay"),
            (valid_by_or, "and not `|`"),
            (valid_without_distractors, "Distractors .* stay"),
            (valid_with_the_same_camera, "the query's own, is still there"),
            (valid_upside_down, "other way round"),
        ],
    ),
    Proof(
        check_cmc,
        right=[cmc_by_cumsum, cmc_by_first_rank],
        wrong=[
            (cmc_not_added_up, "a CMC adds up"),
            (cmc_counting_every_match, "counted twice"),
            (cmc_with_the_unanswerable, "does not count"),
            (cmc_along_the_wrong_axis, "shape"),
        ],
    ),
    Proof(
        check_average_precision,
        right=[ap_by_loop, ap_by_cumsum, ap_by_the_package],
        wrong=[
            (ap_always_step, "0.5 is the step rule"),
            (ap_always_trapezoid, "That is the trapezoid rule"),
            (ap_that_starts_at_zero, "its precision is 1, not 0"),
            (ap_between_matches, "one rank before the match"),
            (ap_over_all_ranks, "mean over all ranks"),
            (ap_over_all_images, "number of matches, not of images"),
        ],
    ),
    Proof(
        check_mean_average_precision,
        right=[map_vectorised, map_by_loop],
        wrong=[
            (map_with_removed_images, "still takes a rank"),
            (map_with_removed_at_zero, "minus infinity"),
            (map_by_steps, "step rule"),
            (map_from_zero, "is 1, not 0"),
            (map_upside_down, "sort descending"),
            (map_with_removed_at_the_lowest, "not low enough"),
            (map_over_matches, "within each query first"),
        ],
    ),
    Proof(
        check_chance_rank1,
        right=[chance_at_once, chance_by_loop],
        wrong=[
            (chance_with_the_same_camera, "same camera are still there"),
            (chance_of_the_whole_gallery, "not by the whole gallery"),
            (chance_pooled, "same weight"),
            (chance_of_each_query, "average them"),
        ],
    ),
    Proof(
        check_stripe_histogram,
        right=[histogram_by_bincount, histogram_by_scatter],
        wrong=[
            (histogram_in_bytes, "in uint8"),
            (histogram_of_columns, "cut rows, not columns"),
            (histogram_of_two_bins, "for any number of bins"),
            (histogram_of_blue_first, "red counts most"),
            (histogram_of_counts, "number of pixels"),
            (histogram_of_shares, "square roots"),
            (histogram_of_longer_rows, "length of a row is not 1"),
        ],
    ),
]
