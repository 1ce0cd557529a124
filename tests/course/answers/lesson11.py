"""Right answers to the exercises of lesson 11, written differently, and mistakes with what the check says of them."""

from __future__ import annotations

import itertools

import numpy as np
import torch
from scipy.linalg import sqrtm

from dgnet_lite.course.checks.lesson11 import (
    check_diversity,
    check_error_inside,
    check_frechet,
    check_mmd,
    check_pairs,
)
from dgnet_lite.course.checks.proof import Proof
from dgnet_lite.evaluation.disentangle import clothes_l1
from dgnet_lite.evaluation.diversity import same_identity_pairs


def error_by_loop(images, true, mask):
    errors = []
    for x, y, inside in zip(images, true, mask, strict=True):
        difference = np.abs(x[inside].astype(int) - y[inside].astype(int)) / 255
        errors.append(difference.mean() if inside.any() else np.nan)
    return errors


def error_by_sums(images, true, mask):
    difference = np.abs(images.astype(float) - true).mean(axis=-1) / 255
    with np.errstate(invalid="ignore"):
        return (difference * mask).sum(axis=(1, 2)) / mask.sum(axis=(1, 2))


def error(*, signed=True, scale=255, channels=np.mean, power=1, by=lambda mask: mask, whole=False, empty=np.nan):
    def error_inside(images, true, mask):
        x, y = (images.astype(float), true.astype(float)) if signed else (images, true)
        difference = channels(np.abs(x - y) / scale, axis=-1) ** power
        used = by(mask)
        sums, counts = (difference * used).sum(axis=(1, 2)), used.sum(axis=(1, 2))
        counts = np.full(len(mask), mask[0].size) if whole else counts
        return np.where(counts > 0, sums / np.maximum(counts, 1), empty)

    return error_inside


def squared_error(images, true, mask):
    difference = ((images.astype(float) - true) ** 2).mean(axis=-1) / 255**2
    return (difference * mask).sum(axis=(1, 2)) / np.maximum(mask.sum(axis=(1, 2)), 1)


def error_of_all(images, true, mask):
    return np.abs(images.astype(float) - true)[mask].mean() / 255


def frechet_by_eigenvalues(mu, s, nu, t):
    roots = torch.linalg.eigvals(s @ t).sqrt().real
    return ((mu - nu) ** 2).sum() + s.trace() + t.trace() - 2 * roots.sum()


def frechet_by_scipy(mu, s, nu, t):
    values, vectors = torch.linalg.eigh(s)
    root = vectors @ values.clamp(min=0).sqrt().diag() @ vectors.T
    inner = torch.linalg.eigvalsh(root @ t @ root).clamp(min=0).sqrt()
    return (mu - nu).square().sum().item() + float(torch.trace(s + t)) - 2 * inner.sum().item()


def frechet(means=lambda d: d @ d, cross=None, factor=2):
    def distance(mu, s, nu, t):
        own = torch.linalg.eigvals(s @ t).sqrt().real.sum() if cross is None else cross(s, t)
        return means(mu - nu) + s.trace() + t.trace() - factor * own

    return distance


def frechet_without_covariances(mu, s, nu, t):
    return (mu - nu) @ (mu - nu)


def frechet_complex(mu, s, nu, t):
    return (mu - nu) @ (mu - nu) + s.trace() + t.trace() - 2 * torch.linalg.eigvals(s @ t).sqrt().sum()


def product_of_roots(s, t):
    return float(np.trace(np.real(sqrtm(s.numpy()) @ sqrtm(t.numpy()))))


def kernel(a, b, *, d=True, one=1):
    return (a @ b.T / (a.shape[1] if d else 1) + one) ** 3


def mmd_by_sums(x, y):
    n, m = len(x), len(y)
    xx, yy = kernel(x, x), kernel(y, y)
    within = (xx.sum() - xx.trace()) / (n * (n - 1)) + (yy.sum() - yy.trace()) / (m * (m - 1))
    return within - 2 * kernel(x, y).mean()


def mmd_by_loop(x, y):
    def k(a, b):
        return ((a * b).mean() + 1) ** 3

    within = [np.mean([k(a, b) for a, b in itertools.permutations(z, 2)]) for z in (x.numpy(), y.numpy())]
    return sum(within) - 2 * np.mean([k(a, b) for a in x.numpy() for b in y.numpy()])


def mmd(*, biased=False, half=False, cross=-2, d=True, one=1, after=lambda v: v):
    def distance(x, y):
        total = cross * kernel(x, y, d=d, one=one).mean()
        for z in (x, y):
            k, n = kernel(z, z, d=d, one=one), len(z)
            off = k.sum() if biased else k.sum() - k.trace()
            total = total + off / (n * n if biased or half else n * (n - 1))
        return after(total)

    return distance


def pairs_by_loop(ids, count, generator):
    pairs = []
    for who in np.unique(ids):
        rows = np.flatnonzero(ids == who)
        if len(rows) > 1:
            pairs += [generator.choice(rows, 2, replace=False) for _ in range(count)]
    return np.array(pairs)[:, 0], np.array(pairs)[:, 1]


def pairs(*, replace=False, alone=False, weigh=False, fixed=None):
    def pairs_of_one_person(ids, count, generator):
        generator = generator if fixed is None else np.random.default_rng(fixed)
        found = []
        for who in np.unique(ids):
            rows = np.flatnonzero(ids == who)
            if len(rows) == 1:
                found += [(rows[0], rows[0])] * count if alone else []
                continue
            for _ in range(count * len(rows) // 2 if weigh else count):
                found.append(generator.choice(rows, 2, replace=replace))
        return np.array(found).T

    return pairs_of_one_person


def pairs_of_anybody(ids, count, generator):
    first = generator.integers(len(ids), size=count)
    return first, (first + 1 + generator.integers(len(ids) - 1, size=count)) % len(ids)


def pairs_with_the_first(ids, count, generator):
    first, second = [], []
    for who in (2, 5):
        rows = np.flatnonzero(ids == who)
        first += [rows[0]] * count
        second += list(generator.choice(rows[1:], count))
    return first, second


def pairs_skewed(ids, count, generator):
    first, second = pairs_by_loop(ids, count, generator)
    often = np.flatnonzero(ids[first] == 5)[: count // 3]
    first[often], second[often] = 0, 2
    return first, second


def diversity_by_groups(similarity, ids):
    means = []
    for who in np.unique(ids):
        rows = np.flatnonzero(ids == who)
        if len(rows) > 1:
            block = similarity[np.ix_(rows, rows)]
            means.append(block[~np.eye(len(rows), dtype=bool)].mean())
    return (1 - np.mean(means)) / 2


def diversity_by_mask(similarity, ids):
    same = (ids[:, None] == ids) & ~np.eye(len(ids), dtype=bool)
    partners = same.sum(axis=1)
    of_each = (similarity * same).sum(axis=1) / np.maximum(partners, 1)
    per_person = [of_each[ids == who].mean() for who in np.unique(ids[partners > 0])]
    return (1 - sum(per_person) / len(per_person)) / 2


def diversity(*, final=lambda s: (1 - s) / 2, diagonal=False, alone=None, pooled=False, everybody=False):
    def number(similarity, ids):
        means, all_pairs = [], []
        for who in np.unique(ids):
            rows = np.flatnonzero(ids == who)
            chosen = [(a, b) for a in rows for b in rows if diagonal or a != b]
            if chosen:
                means.append(np.mean([similarity[pair] for pair in chosen]))
            elif alone is not None:
                means.append(alone)
            all_pairs += chosen
        if everybody:
            return final(similarity[~np.eye(len(ids), dtype=bool)].mean())
        return final(np.mean([similarity[p] for p in all_pairs]) if pooled else np.mean(means))

    return number


PROOFS = [
    Proof(
        check_error_inside,
        right=[clothes_l1, error_by_loop, error_by_sums],
        wrong=[
            (error(signed=False), "with a sign"),
            (error(scale=1), "divide by 255"),
            (error(channels=np.sum), "channels are summed"),
            (error(whole=True), "all pixels"),
            (error(by=np.ones_like), "mask is not used"),
            (error(by=np.logical_not), "turned round"),
            (squared_error, "squared"),
            (error_of_all, "one an image"),
            (error(empty=0.0), "NaN, and not 0"),
        ],
    ),
    Proof(
        check_frechet,
        right=[frechet_by_eigenvalues, frechet_by_scipy],
        wrong=[
            (frechet(means=lambda d: d.norm()), "must be squared"),
            (frechet(factor=1), "comes twice"),
            (frechet(means=lambda d: 0), "means are missing"),
            (frechet_without_covariances, "covariances are missing"),
            (frechet(cross=lambda s, t: (s @ t).trace()), "root of the product"),
            (frechet(cross=lambda s, t: (s @ t).sqrt().trace()), "root of each entry"),
            (frechet(cross=product_of_roots), "axes are the same"),
            (frechet(cross=lambda s, t: torch.linalg.eigvalsh(s @ t).sqrt().sum()), "not symmetric"),
            (frechet(cross=lambda s, t: torch.linalg.eigvals(s @ t).real.sub(1e-16).sqrt().sum()), "-1e-16"),
            (frechet_complex, "real part"),
        ],
    ),
    Proof(
        check_mmd,
        right=[mmd_by_sums, mmd_by_loop],
        wrong=[
            (mmd(biased=True), "biased estimate"),
            (mmd(half=True), r"n \(n - 1\) pairs"),
            (mmd(cross=-1), "counts twice"),
            (mmd(cross=2), "subtracted"),
            (mmd(d=False), "divided by d"),
            (mmd(one=0), r"\+ 1"),
            (mmd(after=lambda v: v.clamp(min=0)), "do not cut it off"),
            (mmd(after=lambda v: v.sqrt()), "no root"),
        ],
    ),
    Proof(
        check_pairs,
        right=[same_identity_pairs, pairs_by_loop, pairs()],
        wrong=[
            (pairs(replace=True), "with itself"),
            (pairs(alone=True), "with itself"),
            (pairs_of_anybody, "two different persons"),
            (pairs(weigh=True), "weigh more"),
            (pairs_with_the_first, "only 2 of them"),
            (pairs_skewed, "draw all pairs alike"),
            (pairs(fixed=0), "Another generator"),
        ],
    ),
    Proof(
        check_diversity,
        right=[diversity_by_groups, diversity_by_mask],
        wrong=[
            (diversity(final=lambda s: s), "falls with diversity"),
            (diversity(final=lambda s: 1 - s), "halve it"),
            (diversity(pooled=True), "weighs more"),
            (diversity(diagonal=True), "diagonal"),
            (diversity(alone=1.0), "do not count it as 1"),
            (diversity(alone=0.0), "not to be counted"),
            (diversity(alone=np.nan), "NaN"),
            (diversity(everybody=True), "two persons"),
        ],
    ),
]
