"""Right answers to the exercises of lesson 15, written differently, and mistakes with what the check says of them."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from dgnet_lite.course.checks.lesson15 import (
    check_false_alarms,
    check_fuse,
    check_joined_gradient,
    check_merge,
    check_mutual,
    check_set_distance,
)
from dgnet_lite.course.checks.proof import Proof


def joined_by_sum(gradients, sizes):
    return sum(n * g for n, g in zip(sizes, gradients, strict=True)) / sum(sizes)


def joined_by_stack(gradients, sizes):
    weights = torch.tensor(sizes, dtype=torch.float32) / sum(sizes)
    return torch.tensordot(weights, torch.stack(gradients), dims=1)


def joined_by_inverse(gradients, sizes):
    weights = [1 / n for n in sizes]
    return sum(w * g for w, g in zip(weights, gradients, strict=True)) / sum(weights)


def joined_in_place(gradients, sizes):
    total = gradients[0].mul_(sizes[0])
    for n, g in zip(sizes[1:], gradients[1:], strict=True):
        total += n * g
    return total / sum(sizes)


def weighted(divisor):
    return lambda gradients, sizes: sum(n * g for n, g in zip(sizes, gradients, strict=True)) / divisor(sizes)


def merge_by_topk(scores_a, indices_a, scores_b, indices_b, k):
    scores, indices = torch.cat([scores_a, scores_b], 1), torch.cat([indices_a, indices_b], 1)
    best, places = scores.topk(min(k, scores.shape[1]), dim=1)
    return best, indices.gather(1, places)


def merge_by_sorting(scores_a, indices_a, scores_b, indices_b, k):
    rows = []
    for sa, ia, sb, ib in zip(scores_a, indices_a, scores_b, indices_b, strict=True):
        pairs = [*zip(sa.tolist(), ia.tolist(), strict=True), *zip(sb.tolist(), ib.tolist(), strict=True)]
        rows.append(sorted(pairs, reverse=True)[:k])
    return np.array([[s for s, _ in row] for row in rows]), np.array([[i for _, i in row] for row in rows])


def merge_with(largest=True, places_only=False, sort_indices=True, best_first=True, limited=True):
    def merge(scores_a, indices_a, scores_b, indices_b, k):
        scores, indices = torch.cat([scores_a, scores_b], 1), torch.cat([indices_a, indices_b], 1)
        k = min(k, scores.shape[1]) if limited else k
        best, places = scores.topk(k, dim=1, largest=largest)
        found = places if places_only else indices.gather(1, places) if sort_indices else indices[:, :k]
        return (best, found) if best_first else (best.flip(1), found.flip(1))

    return merge


def merge_without_sorting(scores_a, indices_a, scores_b, indices_b, k):
    return torch.cat([scores_a, scores_b], 1)[:, :k], torch.cat([indices_a, indices_b], 1)[:, :k]


def mutual_by_table(similarity, k):
    found = similarity.topk(k + 1, dim=1).indices
    names = torch.zeros_like(similarity, dtype=torch.bool).scatter(1, found, True)
    return names & names.T


def mutual_by_sets(similarity, k):
    n = len(similarity)
    order = [sorted(range(n), key=lambda g, p=p: -float(similarity[p, g]))[: k + 1] for p in range(n)]
    return np.array([[p in order[g] and g in order[p] for g in range(n)] for p in range(n)])


def mutual_with(extra=1, both="and", largest=True, itself=True):
    def mutual(similarity, k):
        found = similarity.topk(k + extra, dim=1, largest=largest).indices
        names = torch.zeros_like(similarity, dtype=torch.bool).scatter(1, found, True)
        table = {"and": names & names.T, "or": names | names.T, "one": names}[both]
        return table if itself else table & ~torch.eye(len(table), dtype=torch.bool)

    return mutual


def distance_at_once(a, b):
    a, b = a[:, None], b[None]
    return 1 - torch.minimum(a, b).sum(-1) / torch.maximum(a, b).sum(-1)


def distance_by_sums(a, b):
    rows = []
    for x in a:
        least = torch.stack([torch.minimum(x, y).sum() for y in b])
        rows.append(1 - least / (x.sum() + b.sum(1) - least))  # max = x + y - min
    return torch.stack(rows)


def distance_by(function):
    return lambda a, b: function(a[:, None], b[None])


def least(x, y):
    return torch.minimum(x, y).sum(-1)


def most(x, y):
    return torch.maximum(x, y).sum(-1)


def member_by_member(x, y):
    return 1 - (torch.minimum(x, y) / torch.maximum(x, y)).nan_to_num().mean(-1)


def fuse_twice_normalised(features, ids, cameras, person, camera):
    own = features[(ids == person) & (cameras == camera)]
    return F.normalize(F.normalize(own, dim=1).mean(0), dim=0)


def fuse_by_loop(features, ids, cameras, person, camera):
    total = np.zeros(features.shape[1])
    for f, i, c in zip(features.numpy(), ids.tolist(), cameras.tolist(), strict=True):
        if (i, c) == (person, camera):
            total = total + f / np.linalg.norm(f)
    return total / np.linalg.norm(total)


def fuse_with(first=True, last=True, by="both", reduce=True):
    def fuse(features, ids, cameras, person, camera):
        of_person, of_camera = ids == person, cameras == camera
        own = features[{"both": of_person & of_camera, "person": of_person, "camera": of_camera}[by]]
        own = F.normalize(own, dim=1) if first else own
        if not reduce:
            return own
        return F.normalize(own.mean(0), dim=0) if last else own.mean(0)

    return fuse


def alarms_by_power(passing, sought, gallery, hit_rate, false_rate):
    true, false = sought * hit_rate, (passing - sought) * (1 - (1 - false_rate) ** gallery)
    return true, false, true / (true + false) if true + false else float("nan")


def alarms_by_loop(passing, sought, gallery, hit_rate, false_rate):
    silent = 1.0
    for _ in range(gallery):
        silent *= 1 - false_rate
    found = np.array([sought * hit_rate, (passing - sought) * (1 - silent)])
    with np.errstate(invalid="ignore"):
        return found[0], found[1], found[0] / found.sum()


def alarms_with(hits=None, others=None, chance=None, share=None):
    def alarms(passing, sought, gallery, hit_rate, false_rate):
        true = hits(passing, sought, hit_rate) if hits else sought * hit_rate
        wrong = chance(false_rate, gallery) if chance else 1 - (1 - false_rate) ** gallery
        false = (others(passing, sought) if others else passing - sought) * wrong
        if true + false == 0:
            return true, false, float("nan")
        return true, false, share(true, false) if share else true / (true + false)

    return alarms


def alarms_without_any(passing, sought, gallery, hit_rate, false_rate):
    true, false, share = alarms_by_power(passing, sought, gallery, hit_rate, false_rate)
    return true, false, 0.0 if np.isnan(share) else share


PROOFS = [
    Proof(
        check_joined_gradient,
        right=[joined_by_sum, joined_by_stack],
        wrong=[
            (lambda gradients, sizes: sum(gradients) / len(gradients), "plain mean"),
            (lambda gradients, sizes: sum(gradients), "plain sum"),
            (weighted(lambda sizes: 1), "weighted sum"),
            (weighted(len), "not of shares"),
            (joined_by_inverse, "wrong way round"),
            (joined_in_place, "do not add in place"),
        ],
    ),
    Proof(
        check_merge,
        right=[merge_by_topk, merge_by_sorting],
        wrong=[
            (merge_without_sorting, "one after the other"),
            (merge_with(largest=False), "smallest"),
            (merge_with(best_first=False), "other way round"),
            (merge_with(places_only=True), "places in the joined list"),
            (merge_with(sort_indices=False), "not sorted with the scores"),
            (merge_with(limited=False), "raised"),
        ],
    ),
    Proof(
        check_mutual,
        right=[mutual_by_table, mutual_by_sets],
        wrong=[
            (mutual_with(both="one"), "both must"),
            (mutual_with(both="or"), "not `\\|`"),
            (mutual_with(extra=0), "k others beside it"),
            (mutual_with(itself=False), "own set"),
            (mutual_with(largest=False), "least"),
        ],
    ),
    Proof(
        check_set_distance,
        right=[distance_at_once, distance_by_sums],
        wrong=[
            (distance_by(lambda x, y: least(x, y) / most(x, y)), "one minus it"),
            (distance_by(lambda x, y: 1 - least(x > 0, y > 0) / most(x > 0, y > 0)), "Weights count"),
            (distance_by(lambda x, y: 1 - least(x, y) / (x.sum(-1) + y.sum(-1))), "counts shared weight once"),
            (distance_by(lambda x, y: 1 - (x * y).sum(-1) / most(x, y)), "not the product"),
            (distance_by(member_by_member), "member by member"),
            (distance_by(lambda x, y: 1 - (torch.minimum(x, y) / torch.maximum(x, y)).mean(-1)), "0 in both"),
        ],
    ),
    Proof(
        check_fuse,
        right=[fuse_twice_normalised, fuse_by_loop],
        wrong=[
            (fuse_with(first=False), "before"),
            (fuse_with(last=False), "shorter than 1"),
            (fuse_with(first=False, last=False), "Neither"),
            (fuse_with(by="person"), "this camera"),
            (fuse_with(by="camera"), "This person"),
            (fuse_with(reduce=False), "reduce"),
        ],
    ),
    Proof(
        check_false_alarms,
        right=[alarms_by_power, alarms_by_loop],
        wrong=[
            (alarms_with(hits=lambda n, s, h: s), "only the hit rate"),
            (alarms_with(hits=lambda n, s, h: n * h), "Only those who are sought"),
            (alarms_with(others=lambda n, s: n), "no false alarms"),
            (alarms_with(share=lambda t, f: t / f), "among them"),
            (alarms_with(share=lambda t, f: f / (t + f)), "wrong"),
            (alarms_with(chance=lambda f, g: f), "200 chances"),
            (alarms_with(chance=lambda f, g: f * g), "may coincide"),
            (alarms_with(chance=lambda f, g: (1 - f) ** g if g > 1 else f), "raises no alarm"),
            (alarms_with(chance=lambda f, g: f**g), "One match among 200"),
            (alarms_without_any, "NaN"),
        ],
    ),
]
