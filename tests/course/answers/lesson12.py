"""Right answers to the exercises of lesson 12, written differently, and mistakes with what the check says of them."""

from __future__ import annotations

import numpy as np
import torch

from dgnet_lite.course.checks.lesson12 import (
    check_balanced_accuracy,
    check_choose_and_report,
    check_compare,
    check_drawn_means,
    check_first_answers,
    check_transfer_gap,
)
from dgnet_lite.course.checks.proof import Proof


def means_by_lists(ap, ids, draws, rng):
    people = np.unique(ids)
    means = []
    for _ in range(draws):
        drawn = rng.choice(people, len(people))
        means.append(np.concatenate([ap[ids == person] for person in drawn]).mean())
    return np.array(means)


def means_by_weights(ap, ids, draws, rng):
    people, group = np.unique(ids, return_inverse=True)
    sums, counts = np.bincount(group, ap), np.bincount(group)
    picks = rng.integers(len(people), size=(draws, len(people)))
    return sums[picks].sum(axis=1) / counts[picks].sum(axis=1)


def means_of_queries(ap, ids, draws, rng):
    return [rng.choice(ap, len(ap)).mean() for _ in range(draws)]


def means_of_people_alike(ap, ids, draws, rng):
    own = np.array([ap[ids == person].mean() for person in np.unique(ids)])
    return rng.choice(own, (draws, len(own))).mean(axis=1)


def means_without_replacement(ap, ids, draws, rng):
    people = np.unique(ids)
    drawn = [rng.permutation(people) for _ in range(draws)]
    return np.array([np.concatenate([ap[ids == person] for person in each]).mean() for each in drawn])


def means_counted_once(ap, ids, draws, rng):
    people = np.unique(ids)
    return np.array([ap[np.isin(ids, rng.choice(people, len(people)))].mean() for _ in range(draws)])


def one_mean(ap, ids, draws, rng):
    return means_by_lists(ap, ids, draws, rng).mean()


def means_of_other_numbers(ap, ids, draws, rng):
    return means_by_lists(ap, ids, draws, np.random.default_rng())


def compare_by_difference(new, old, times):
    kept = ~np.isnan(new - old)
    d, w = (new - old)[kept], times[:, kept]
    drawn = (w @ d) / w.sum(axis=1)
    return d.mean(), *np.quantile(drawn, [0.025, 0.975])


def compare_by_loop(new, old, times):
    pairs = [q for q in range(len(new)) if new[q] == new[q] and old[q] == old[q]]
    drawn = []
    for row in times:
        total = sum(row[q] * (new[q] - old[q]) for q in pairs)
        drawn.append(total / sum(row[q] for q in pairs))
    return sum(new[q] - old[q] for q in pairs) / len(pairs), np.percentile(drawn, 2.5), np.percentile(drawn, 97.5)


def compare(*, sign=1, quantiles=(0.025, 0.975), counted=False, errors=False, first=True):
    def answer(new, old, times):
        kept = ~np.isnan(new - old)
        d, w = sign * (new - old)[kept], times[:, kept]
        number = times.sum(axis=1) if counted else w.sum(axis=1)
        drawn = (w @ d) / number
        low, high = np.quantile(drawn, quantiles)
        if errors:
            low, high = d.mean() - 1.96 * drawn.std(), d.mean() + 1.96 * drawn.std()
        return d.mean() if first else drawn.mean(), low, high

    return answer


def compare_two_intervals(new, old, times):
    kept = ~np.isnan(new - old)
    w = times[:, kept]
    drawn = [(w @ each[kept]) / w.sum(axis=1) for each in (new, old)]
    (low_new, high_new), (low_old, high_old) = (np.quantile(each, [0.025, 0.975]) for each in drawn)
    return (new - old)[kept].mean(), low_new - high_old, high_new - low_old


def compare_with_nan(new, old, times):
    drawn = times @ (new - old) / times.sum(axis=1)
    return (new - old).mean(), *np.quantile(drawn, [0.025, 0.975])


def balanced_by_class(said, true):
    return sum((said[true == k] == k).float().mean() for k in true.unique()) / len(true.unique())


def balanced_by_weights(said, true):
    counts = torch.bincount(true)
    weights = 1 / counts[true].double()
    return (weights * (said == true)).sum() / weights.sum()


def plain_accuracy(said, true):
    return (said == true).float().mean()


def over_all_names(said, true):
    names = torch.cat([said, true]).unique()
    return sum((said[true == k] == k).float().mean() if (true == k).any() else 0 for k in names) / len(names)


def over_said(said, true):
    return torch.stack([(true[said == k] == k).float().mean() for k in said.unique()]).mean()


def precision_of_each(said, true):
    shares = [(true[said == k] == k).float().mean() if (said == k).any() else 0.0 for k in true.unique().tolist()]
    return sum(shares) / len(shares)


def summed_over_classes(said, true):
    return balanced_by_class(said, true) * len(true.unique())


def only_what_was_found(said, true):
    shares = torch.stack([(said[true == k] == k).float().mean() for k in true.unique()])
    return shares[shares > 0].mean()


def report_by_mask(ap, ids, validation_ids):
    choosing = np.isin(ids, validation_ids)
    column = int(np.nanmean(ap[choosing], axis=0).argmax())
    test = np.nanmean(ap[~choosing], axis=0)
    return column, test[column], test.max() - test[column]


def report_by_lists(ap, ids, validation_ids):
    def means(rows):
        rows = [row for row in rows if not any(v != v for v in row)]
        return [sum(column) / len(column) for column in zip(*rows, strict=True)]

    mine = {int(k) for k in validation_ids}
    validation = means([row for row, k in zip(ap, ids, strict=True) if int(k) in mine])
    test = means([row for row, k in zip(ap, ids, strict=True) if int(k) not in mine])
    column = validation.index(max(validation))
    return column, test[column], max(test) - test[column]


def report(chooser="validation", reporter="test", last=False, nan=False, sign=1, priced=True):
    def answer(ap, ids, validation_ids):
        choosing = np.isin(ids, validation_ids)
        mean = np.mean if nan else np.nanmean
        of = {"validation": mean(ap[choosing], axis=0), "test": mean(ap[~choosing], axis=0), "all": mean(ap, axis=0)}
        scores = np.nan_to_num(of[chooser])
        column = len(scores) - 1 - int(scores[::-1].argmax()) if last else int(scores.argmax())
        price = sign * (of["test"].max() - of["test"][column]) if priced else 0.0
        return column, of[reporter][column], price

    return answer


def report_best_of_test(ap, ids, validation_ids):
    column, reported, price = report_by_mask(ap, ids, validation_ids)
    return column, reported + price, price


def report_nan(ap, ids, validation_ids):
    column, _, price = report_by_mask(ap, ids, validation_ids)
    return column, np.mean(ap[:, column]), price


def first_by_mask(scores, same_id, same_camera, same_clothes):
    best = scores.masked_fill(same_id & same_camera, -torch.inf).argmax(dim=1)
    row = torch.arange(len(scores))
    right, clothes = same_id[row, best], same_clothes[row, best]
    return [part.float().mean() for part in (right, ~right & clothes, ~right & ~clothes)]


def first_by_loop(scores, same_id, same_camera, same_clothes):
    counts = [0, 0, 0]
    for q in range(len(scores)):
        left = [g for g in range(scores.shape[1]) if not (same_id[q, g] and same_camera[q, g])]
        g = max(left, key=lambda g: scores[q, g])
        counts[0 if same_id[q, g] else 1 if same_clothes[q, g] else 2] += 1
    return tuple(count / len(scores) for count in counts)


def first(*, removed=lambda i, c: i & c, fill=-torch.inf, among_wrong=False, also_right=False, counts=False):
    def answer(scores, same_id, same_camera, same_clothes):
        best = torch.where(removed(same_id, same_camera), torch.tensor(fill), scores).argmax(dim=1)
        row = torch.arange(len(scores))
        right, clothes = same_id[row, best], same_clothes[row, best]
        same = clothes if also_right else ~right & clothes
        other = ~right & ~clothes
        number = 1 if counts else (~right).sum() if among_wrong else len(scores)
        return right.sum() / (1 if counts else len(scores)), same.sum() / number, other.sum() / number

    return answer


def gap_by_loop(scores):
    gaps = {}
    for a in scores:
        for b in scores[a]:
            if a != b:
                gaps[a, b] = scores[b][b] - scores[a][b]
    return gaps


def gap_by_comprehension(scores):
    return {(a, b): scores[b][b] - mAP for a, row in scores.items() for b, mAP in row.items() if b != a}


def gap(value, keep=lambda a, b: a != b, key=lambda a, b: (a, b)):
    return lambda scores: {key(a, b): value(scores, a, b) for a in scores for b in scores if keep(a, b)}


PROOFS = [
    Proof(
        check_drawn_means,
        right=[means_by_lists, means_by_weights],
        wrong=[
            (means_of_queries, "Single queries"),
            (means_of_people_alike, "counts alike"),
            (means_without_replacement, "with replacement"),
            (means_counted_once, "must count twice"),
            (one_mean, "One mean a draw"),
            (means_of_other_numbers, "from `rng`"),
        ],
    ),
    Proof(
        check_compare,
        right=[compare_by_difference, compare_by_loop, compare()],
        wrong=[
            (compare(sign=-1), "old minus new"),
            (compare(quantiles=(0.05, 0.95)), "97.5th"),
            (compare(counted=True), "still counts"),
            (compare(errors=True), "standard errors"),
            (compare(first=False), "not the mean of the draws"),
            (compare_two_intervals, "take the difference first"),
            (compare_with_nan, "NaN"),
        ],
    ),
    Proof(
        check_balanced_accuracy,
        right=[balanced_by_class, balanced_by_weights],
        wrong=[
            (plain_accuracy, "plain accuracy"),
            (over_all_names, "nobody is"),
            (precision_of_each, "who \\*are\\* of the class"),
            (summed_over_classes, "sum over classes"),
            (only_what_was_found, "never found"),
        ],
    ),
    Proof(
        check_choose_and_report,
        right=[report_by_mask, report_by_lists, report()],
        wrong=[
            (report(chooser="test"), "only the validation people"),
            (report(chooser="all"), "only the validation people"),
            (report(last=True), "take the first"),
            (report(reporter="validation"), "who chose it|mAP on the validation people"),
            (report(reporter="all"), "over all people"),
            (report_best_of_test, "not that of your column"),
            (report_nan, "NaN"),
            (report(sign=-1), "not negative"),
            (report(priced=False), "Price 0"),
        ],
    ),
    Proof(
        check_first_answers,
        right=[first_by_mask, first_by_loop, first()],
        wrong=[
            (first(removed=lambda i, c: i & ~i), "removed before"),
            (first(removed=lambda i, c: i | c), "not either"),
            (first(fill=0.0), "-inf"),
            (first(also_right=True), "among the wrong"),
            (first(among_wrong=True), "of all queries"),
            (first(counts=True), "count"),
        ],
    ),
    Proof(
        check_transfer_gap,
        right=[gap_by_loop, gap_by_comprehension],
        wrong=[
            (gap(lambda s, a, b: s[a][a] - s[a][b]), "two \\*models\\*"),
            (gap(lambda s, a, b: s[a][b] - s[b][b]), "sign"),
            (gap(lambda s, a, b: s[b][b] - s[a][b], keep=lambda a, b: True), "has no gap"),
            (gap(lambda s, a, b: s[b][b] - s[a][b], key=lambda a, b: (b, a)), "trained on, tested on"),
            (gap(lambda s, a, b: 1 - s[a][b] / s[b][b]), "share of the home-grown"),
        ],
    ),
]
