"""Right answers to the exercises of lesson 09, written differently, and mistakes with what the check says of them."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from dgnet_lite.course.checks.lesson09 import (
    check_all_swaps,
    check_choose_beta,
    check_feedback,
    check_fine_grained,
    check_joined,
    check_same_outfit_rank1,
)
from dgnet_lite.course.checks.proof import Proof
from dgnet_lite.evaluation.embed import combine


def fine_by_cross_entropy(logits, y_i, y_j):
    return F.cross_entropy(logits, y_j)


def fine_by_logsumexp(logits, y_i, y_j):
    return (logits.logsumexp(dim=1) - logits.gather(1, y_j[:, None])[:, 0]).mean()


def fine_of_the_clothes(logits, y_i, y_j):
    return F.cross_entropy(logits, y_i)


def fine_summed(logits, y_i, y_j):
    return F.cross_entropy(logits, y_j, reduction="sum")


def fine_of_each(logits, y_i, y_j):
    return F.cross_entropy(logits, y_j, reduction="none")


def fine_without_softmax(logits, y_i, y_j):
    return -logits[torch.arange(len(y_j)), y_j].mean()


def fine_without_logarithm(logits, y_i, y_j):
    return -logits.softmax(dim=1)[torch.arange(len(y_j)), y_j].mean()


def fine_by_exponentials(logits, y_i, y_j):
    p = logits.exp() / logits.exp().sum(dim=1, keepdim=True)
    return -p[torch.arange(len(y_j)), y_j].log().mean()


def swaps_by_mask(y):
    i, j = torch.where(y[:, None] != y)
    return i, j, y[j]


def swaps_by_loop(y):
    pairs = [(i, j) for j in range(len(y)) for i in range(len(y)) if y[i] != y[j]]
    i, j = zip(*pairs, strict=True)
    return list(i), list(j), [y[k].item() for k in j]


def swaps(pairs, label):
    def all_swaps(y):
        n = range(len(y))
        i, j = zip(*[(a, b) for a in n for b in n if pairs(y, a, b)], strict=True)
        return torch.tensor(i), torch.tensor(j), label(y, torch.tensor(i), torch.tensor(j))

    return all_swaps


def feedback_plainly(prim, fine, q, y_j, lambda_prim, alpha):
    kl = F.kl_div(prim.log_softmax(dim=1), q, reduction="batchmean")
    return lambda_prim * (kl + alpha * F.cross_entropy(fine, y_j))


def feedback_by_hand(prim, fine, q, y_j, lambda_prim, alpha):
    kl = (torch.xlogy(q, q) - q * prim.log_softmax(1)).sum(1).mean()
    return lambda_prim * kl - alpha * lambda_prim * fine.log_softmax(1)[torch.arange(len(y_j)), y_j].mean()


def feedback(weights=lambda w, a: (w, a * w), fine_reads="fine", label=lambda q, y_j: y_j):
    def both(prim, fine, q, y_j, lambda_prim, alpha):
        w_prim, w_fine = weights(lambda_prim, alpha)
        kl = F.kl_div(prim.log_softmax(dim=1), q, reduction="batchmean")
        return w_prim * kl + w_fine * F.cross_entropy(fine if fine_reads == "fine" else prim, label(q, y_j))

    return both


def feedback_summed(prim, fine, q, y_j, lambda_prim, alpha):
    return len(q) * feedback_by_hand(prim, fine, q, y_j, lambda_prim, alpha)


def feedback_by_cross_entropy(prim, fine, q, y_j, lambda_prim, alpha):
    return lambda_prim * (F.cross_entropy(prim, q) + alpha * F.cross_entropy(fine, y_j))


def feedback_with_log_of_nought(prim, fine, q, y_j, lambda_prim, alpha):
    kl = (q * (q.log() - prim.log_softmax(1))).sum(1).mean()
    return lambda_prim * (kl + alpha * F.cross_entropy(fine, y_j))


def feedback_detached(*arguments):
    return feedback_plainly(*arguments).detach()


def joined_by_norm(f_prim, f_fine, beta):
    halves = [f / f.norm(dim=1, keepdim=True) for f in (f_prim, f_fine)]
    return torch.cat([halves[0], math.sqrt(beta) * halves[1]], dim=1)


def joined(prim=1.0, fine=lambda beta: beta**0.5, unit=True, again=False):
    def both(f_prim, f_fine, beta):
        halves = [F.normalize(f, dim=1) if unit else f for f in (f_prim, f_fine)]
        w = prim(beta) if callable(prim) else prim
        f = torch.cat([w * halves[0], fine(beta) * halves[1]], dim=1)
        return F.normalize(f, dim=1) if again else f

    return both


def joined_by_adding(f_prim, f_fine, beta):
    return F.normalize(f_prim, dim=1) + beta * F.normalize(f_fine, dim=1)[:, :2]


def rank1_by_mask(scores, same_id, same_camera, same_outfit):
    kept = same_outfit & ~(same_id & same_camera)
    best = scores.masked_fill(~kept, -torch.inf).argmax(dim=1)
    right = same_id.gather(1, best[:, None])[:, 0]
    return right[(same_id & kept).any(dim=1)].float().mean()


def rank1_by_loop(scores, same_id, same_camera, same_outfit):
    hits = []
    for q in range(len(scores)):
        rows = [g for g in range(scores.shape[1]) if same_outfit[q, g] and not (same_id[q, g] and same_camera[q, g])]
        if any(same_id[q, g] for g in rows):
            hits.append(bool(same_id[q, max(rows, key=lambda g: scores[q, g])]))
    return sum(hits) / len(hits)


def rank1(*, outfit=True, junk=True, valid=True, fill=-torch.inf, mean=True):
    def share(scores, same_id, same_camera, same_outfit):
        kept = torch.ones_like(same_id)
        kept = kept & same_outfit if outfit else kept
        kept = kept & ~(same_id & same_camera) if junk else kept
        best = torch.where(kept, scores, torch.tensor(fill)).argmax(dim=1)
        right = (same_id & kept).gather(1, best[:, None])[:, 0].float()
        right = right[(same_id & kept).any(dim=1)] if valid else right
        return right.mean() if mean else right.sum()

    return share


def beta_by_argmax(betas, validation, test):
    best = max(range(len(betas)), key=lambda k: (validation[k], -betas[k]))
    return betas[best], test[best]


def beta_by_index(betas, validation, test):
    best = validation.index(max(validation))
    return betas[best], test[best]


def beta_on_test(betas, validation, test):
    best = test.index(max(test))
    return betas[best], test[best]


def best_of_both(betas, validation, test):
    return betas[validation.index(max(validation))], max(test)


def tie_broken_on_test(betas, validation, test):
    best = max(range(len(betas)), key=lambda k: (validation[k], test[k]))
    return betas[best], test[best]


def validation_reported(betas, validation, test):
    return betas[validation.index(max(validation))], max(validation)


def place_in_the_list(betas, validation, test):
    best = validation.index(max(validation))
    return best, test[best]


def of_other_people(y, a, b):
    return y[a] != y[b]


def label_of_j(y, i, j):
    return y[j]


PROOFS = [
    Proof(
        check_fine_grained,
        right=[fine_by_cross_entropy, fine_by_logsumexp],
        wrong=[
            (fine_of_the_clothes, "class of i"),
            (fine_summed, "sum over the batch"),
            (fine_of_each, "one number an image"),
            (fine_without_softmax, "softmax is missing"),
            (fine_without_logarithm, "logarithm is missing"),
            (fine_by_exponentials, "infinite"),
        ],
    ),
    Proof(
        check_all_swaps,
        right=[swaps_by_mask, swaps_by_loop],
        wrong=[
            (swaps(lambda y, a, b: True, label_of_j), "with itself"),
            (swaps(lambda y, a, b: a != b, label_of_j), "one person"),
            (swaps(lambda y, a, b: a < b and y[a] != y[b], label_of_j), "both roles"),
            (swaps(of_other_people, lambda y, i, j: y[i]), "that of i"),
            (swaps(of_other_people, lambda y, i, j: j), "row of j"),
        ],
    ),
    Proof(
        check_feedback,
        right=[feedback_plainly, feedback_by_hand],
        wrong=[
            (feedback(lambda w, a: (w, a)), "share of lambda_prim"),
            (feedback(lambda w, a: (a * w, w)), "exchanged"),
            (feedback(lambda w, a: (w, w)), "alpha is missing"),
            (feedback(lambda w, a: (1, a)), "lambda_prim is missing"),
            (feedback(fine_reads="prim"), "its own"),
            (feedback(label=lambda q, y_j: q.argmax(dim=1)), "gave the clothes"),
            (feedback_with_log_of_nought, "0 log 0"),
            (feedback_summed, "not the sum"),
            (feedback_by_cross_entropy, "cross-entropy"),
            (feedback_detached, "No gradient"),
        ],
    ),
    Proof(
        check_joined,
        right=[combine, joined_by_norm, joined()],
        wrong=[
            (joined(fine=lambda beta: beta), "twice"),
            (joined(fine=lambda beta: 1), "beta is missing"),
            (joined(prim=lambda beta: beta**0.5, fine=lambda beta: 1), "belongs to the fine half"),
            (joined(prim=lambda beta: (1 - beta) ** 0.5), "not 1 - beta"),
            (joined(unit=False), "length 1"),
            (joined(again=True), "again"),
            (joined_by_adding, "side by side"),
        ],
    ),
    Proof(
        check_same_outfit_rank1,
        right=[rank1_by_mask, rank1_by_loop],
        wrong=[
            (rank1(outfit=False), "other clothes"),
            (rank1(junk=False), "junk"),
            (rank1(valid=False), "does not count"),
            (rank1(fill=0.0), "below 0"),
            (rank1(mean=False), "count"),
        ],
    ),
    Proof(
        check_choose_beta,
        right=[beta_by_argmax, beta_by_index],
        wrong=[
            (beta_on_test, "test people"),
            (best_of_both, "best test mAP"),
            (tie_broken_on_test, "no tie"),
            (validation_reported, "validation mAP"),
            (place_in_the_list, "place in the list"),
        ],
    ),
]
