from typing import NamedTuple

import numpy as np
import pytest
import torch
from torchmetrics.retrieval import RetrievalMAP

from dgnet_lite.evaluation.retrieval import (
    average_precision,
    evaluate,
    evaluate_scores,
    ranking,
    ranking_of_scores,
)


class Problem(NamedTuple):
    """The six arguments of `evaluate`."""

    query_features: np.ndarray
    query_ids: np.ndarray
    query_cameras: np.ndarray
    gallery_features: np.ndarray
    gallery_ids: np.ndarray
    gallery_cameras: np.ndarray


def one_query(gallery_ids, gallery_cameras=None, scores=None) -> Problem:
    """A query of id 1 in camera 1; the gallery is in falling order of score and in camera 2, unless said otherwise."""
    n = len(gallery_ids)
    scores = np.arange(n, 0, -1) if scores is None else scores
    cameras = np.full(n, 2) if gallery_cameras is None else np.array(gallery_cameras)
    return Problem(
        np.ones((1, 1), np.float32),
        np.array([1]),
        np.array([1]),
        np.array(scores, np.float32)[:, None],
        np.array(gallery_ids),
        cameras,
    )


def random_problem(seed: int, *, ties: bool, num_queries: int = 60, num_gallery: int = 300) -> Problem:
    """30 identities of which the gallery lacks some, 4 cameras, distractors; small whole numbers give many ties."""
    r = np.random.default_rng(seed)

    def features(n):
        return r.integers(-2, 3, (n, 4)).astype(np.float32) if ties else r.normal(size=(n, 16)).astype(np.float32)

    return Problem(
        features(num_queries),
        r.integers(1, 31, num_queries),
        r.integers(1, 5, num_queries),
        features(num_gallery),
        r.integers(0, 26, num_gallery),
        r.integers(1, 5, num_gallery),
    )


def evaluate_by_hand(problem: Problem, rule: str) -> tuple[list[float], list[int]]:
    """The protocol in plain Python: AP and first right rank of each query that has a valid match."""
    aps, first_ranks = [], []
    gallery = list(zip(problem.gallery_ids, problem.gallery_cameras, strict=True))
    for feature, person, camera in zip(*problem[:3], strict=True):
        scores = [float(feature @ other) for other in problem.gallery_features]
        order = sorted(range(len(gallery)), key=lambda g: (-scores[g], g))
        hits = [gallery[g][0] == person for g in order if gallery[g] != (person, camera)]
        if not any(hits):
            continue
        found, total = 0, 0.0
        for rank, hit in enumerate(hits):
            if hit:
                before = found / rank if rank else 1.0
                found += 1
                after = found / (rank + 1)
                total += after if rule == "step" else (before + after) / 2
        aps.append(total / found)
        first_ranks.append(hits.index(True))
    return aps, first_ranks


# Average precision of one query


@pytest.mark.parametrize(
    ("ranks", "step", "trapezoid"),
    [
        ([0], 1.0, 1.0),
        ([1], 0.5, 0.25),
        ([3], 0.25, 0.125),
        ([0, 1, 2], 1.0, 1.0),
        ([0, 2], (1 + 2 / 3) / 2, (1 + (1 / 2 + 2 / 3) / 2) / 2),
        ([1, 2], (1 / 2 + 2 / 3) / 2, ((0 + 1 / 2) / 2 + (1 / 2 + 2 / 3) / 2) / 2),
    ],
)
def test_average_precision_is_as_worked_by_hand(ranks, step, trapezoid):
    assert average_precision(torch.tensor(ranks), "step").item() == pytest.approx(step)
    assert average_precision(torch.tensor(ranks), "trapezoid").item() == pytest.approx(trapezoid)


def test_a_single_match_at_rank_two_scores_half_by_steps_and_a_quarter_by_trapezoids():
    result = evaluate(*one_query([5, 1, 6]))
    assert (result.mAP_step, result.mAP) == (0.5, 0.25)


def test_trapezoid_is_the_default_rule():
    assert average_precision(np.array([1])).item() == 0.25


def test_average_precision_without_a_match_is_nan():
    assert average_precision(torch.tensor([], dtype=torch.int64)).isnan()


def test_an_unknown_rule_is_named():
    with pytest.raises(ValueError, match=r"unknown rule 'simpson'.*'trapezoid' or 'step'"):
        average_precision(torch.tensor([1]), "simpson")


# The protocol


def test_images_of_the_same_person_in_the_same_camera_are_removed():
    result = evaluate(*one_query([1, 5, 1], gallery_cameras=[1, 2, 2]))
    assert (result.mAP_step, result.rank1) == (0.5, 0.0)


def test_other_persons_in_the_same_camera_are_kept():
    result = evaluate(*one_query([5, 1], gallery_cameras=[1, 2]))
    assert result.rank1 == 0.0


def test_a_distractor_is_wrong():
    result = evaluate(*one_query([0, 1]))
    assert result.mAP_step == 0.5


def test_cmc_counts_queries_whose_first_match_is_that_early():
    three = [one_query([1, 5, 5]), one_query([5, 5, 1]), one_query([5, 1, 1])]
    ids = np.array([1, 2, 3])
    first_rows = np.eye(3, dtype=np.float32)
    scores = np.stack([problem.gallery_features[:, 0] for problem in three], axis=1)
    # Three copies of the gallery, each visible to one query only: the others give it the lowest score.
    gallery = np.concatenate([np.where(first_rows[q] == 1, scores, -1) for q in range(3)]).astype(np.float32)
    gallery_ids = np.concatenate([np.where(three[q].gallery_ids == 1, ids[q], 9) for q in range(3)])
    result = evaluate(first_rows, ids, np.ones(3, int), gallery, gallery_ids, np.full(9, 2))
    assert result.cmc[:3].tolist() == pytest.approx([1 / 3, 2 / 3, 1])


def test_cmc_never_falls_and_ends_at_one():
    cmc = evaluate(*random_problem(0, ties=False)).cmc
    assert (np.diff(cmc) >= 0).all()
    assert cmc[-1] == 1


def test_rank_scores_are_read_from_the_cmc_curve():
    result = evaluate(*random_problem(0, ties=False))
    assert (result.rank1, result.rank5, result.rank10) == (result.cmc[0], result.cmc[4], result.cmc[9])


def test_rank_ten_of_a_smaller_gallery_is_its_last_rank():
    assert evaluate(*one_query([5, 1])).rank10 == 1.0


def test_a_query_without_valid_match_is_counted_and_left_out_of_the_means():
    problem = one_query([1, 5])
    two = problem._replace(
        query_features=np.ones((2, 1), np.float32), query_ids=np.array([1, 8]), query_cameras=np.array([1, 1])
    )
    result = evaluate(*two)
    assert (result.num_queries, result.num_valid, result.mAP, result.rank1) == (2, 1, 1.0, 1.0)


def test_the_ap_of_a_query_without_valid_match_is_nan():
    two = one_query([1, 5])._replace(
        query_features=np.ones((2, 1), np.float32), query_ids=np.array([8, 1]), query_cameras=np.array([1, 1])
    )
    assert np.isnan(evaluate(*two).ap).tolist() == [True, False]


@pytest.mark.parametrize(("ids", "rank1"), [([1, 5, 5], 1.0), ([5, 1, 5], 0.0)])
def test_equal_scores_keep_the_order_of_the_gallery(ids, rank1):
    assert evaluate(*one_query(ids, scores=[3, 3, 3])).rank1 == rank1


# Against other evaluators


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_result_equals_the_protocol_in_plain_python(seed, ties):
    problem = random_problem(seed, ties=ties)
    result = evaluate(*problem, chunk=17)
    aps, first_ranks = evaluate_by_hand(problem, "trapezoid")
    steps, _ = evaluate_by_hand(problem, "step")
    assert 0 < result.num_valid < result.num_queries
    np.testing.assert_allclose(result.ap[~np.isnan(result.ap)], aps, atol=1e-12)
    assert result.mAP_step == pytest.approx(np.mean(steps), abs=1e-12)
    assert result.cmc.tolist() == pytest.approx([np.mean(np.array(first_ranks) <= r) for r in range(300)])


def test_the_step_rule_equals_torchmetrics():
    problem = random_problem(3, ties=False)
    scores = torch.from_numpy(problem.query_features @ problem.gallery_features.T)
    same_id = torch.from_numpy(problem.query_ids[:, None] == problem.gallery_ids)
    same_camera = torch.from_numpy(problem.query_cameras[:, None] == problem.gallery_cameras)
    target = same_id.long().masked_fill(same_id & same_camera, -1)
    # torchmetrics takes scores <= 0 for irrelevant, so they are shifted; order and AP stay.
    oracle = RetrievalMAP(empty_target_action="skip", ignore_index=-1)
    query = torch.arange(len(scores))[:, None].expand_as(scores)
    expected = oracle(scores - scores.min() + 1, target, indexes=query)
    assert evaluate(*problem).mAP_step == pytest.approx(expected.item(), abs=1e-6)


# Inputs


@pytest.mark.parametrize("chunk", [1, 7, 60, 512])
def test_the_chunk_size_changes_nothing(chunk):
    problem = random_problem(4, ties=True)
    expected = evaluate(*problem, chunk=59)
    result = evaluate(*problem, chunk=chunk)
    np.testing.assert_array_equal(result.ap, expected.ap)
    np.testing.assert_array_equal(result.cmc, expected.cmc)


def test_arrays_and_tensors_give_the_same_result():
    problem = random_problem(5, ties=True)
    as_tensors = evaluate(*(torch.from_numpy(part) for part in problem))
    np.testing.assert_array_equal(as_tensors.ap, evaluate(*problem).ap)


def test_features_that_need_gradients_are_accepted():
    problem = one_query([1, 5])
    features = torch.from_numpy(problem.query_features).requires_grad_()
    assert evaluate(features, *problem[1:]).rank1 == 1.0


def test_no_valid_match_at_all_is_an_error():
    with pytest.raises(ValueError, match=r"none of the 1 queries has a match.*from one data set"):
        evaluate(*one_query([5, 6]))


def test_missing_ids_are_an_error_that_shows_the_shapes():
    problem = one_query([1, 5])
    with pytest.raises(ValueError, match=r"gallery: features must be \(N, d\).*got \(2, 1\), \(1,\) and \(2,\)"):
        evaluate(*problem._replace(gallery_ids=problem.gallery_ids[:1]))


def test_features_of_two_models_are_an_error():
    problem = one_query([1, 5])
    with pytest.raises(ValueError, match=r"query features have 3 dimensions and gallery features 1.*same model"):
        evaluate(*problem._replace(query_features=np.ones((1, 3), np.float32)))


def test_features_that_are_not_finite_are_an_error_that_names_the_row():
    with pytest.raises(ValueError, match="gallery features are not finite, first in row 1"):
        evaluate(*one_query([1, 5, 6], scores=[3, np.nan, 1]))


def test_an_empty_chunk_is_an_error():
    with pytest.raises(ValueError, match="chunk is the number of queries ranked at once"):
        evaluate(*one_query([1]), chunk=0)


# Ranking lists


def test_ranking_lists_the_best_first_and_says_which_are_right():
    result = ranking(*one_query([5, 1, 0, 1], scores=[1, 4, 3, 2]), top=3)
    assert result.indices.tolist() == [[1, 2, 3]]
    assert result.status.tolist() == [["right", "wrong", "right"]]


def test_ranking_leaves_out_the_same_person_in_the_same_camera():
    result = ranking(*one_query([1, 5, 1], gallery_cameras=[1, 2, 2]), top=2)
    assert result.indices.tolist() == [[1, 2]]


def test_ranking_is_filled_up_where_candidates_are_missing():
    result = ranking(*one_query([1, 5], gallery_cameras=[1, 2]), top=3)
    assert result.indices.tolist() == [[1, -1, -1]]
    assert result.status.tolist() == [["wrong", "", ""]]


def test_the_first_of_a_ranking_is_right_as_often_as_rank_one_says():
    problem = random_problem(6, ties=True)
    first = ranking(*problem, top=1, chunk=13).status[:, 0]
    result = evaluate(*problem)
    assert (first == "right").sum() == round(result.rank1 * result.num_valid)


def as_scores(problem: Problem) -> tuple[np.ndarray, ...]:
    scores = problem.query_features @ problem.gallery_features.T
    return scores, problem.query_ids, problem.query_cameras, problem.gallery_ids, problem.gallery_cameras


def test_scores_are_judged_as_the_features_they_are_made_of():
    problem = random_problem(0, ties=True)
    of_features, of_scores = evaluate(*problem), evaluate_scores(*as_scores(problem), chunk=7)
    assert np.array_equal(of_features.ap, of_scores.ap, equal_nan=True)
    assert np.array_equal(of_features.cmc, of_scores.cmc)


def test_scores_are_ranked_as_the_features_they_are_made_of():
    problem = random_problem(1, ties=True)
    of_features, of_scores = ranking(*problem, top=20), ranking_of_scores(*as_scores(problem), top=20, chunk=7)
    assert np.array_equal(of_features.indices, of_scores.indices)
    assert np.array_equal(of_features.status, of_scores.status)


def test_the_scores_given_are_left_as_they_are():
    scores, *rest = as_scores(random_problem(0, ties=False))
    before = scores.copy()
    evaluate_scores(scores, *rest)
    ranking_of_scores(scores, *rest)
    assert np.array_equal(scores, before)


def test_scores_of_another_gallery_are_an_error():
    scores, *rest = as_scores(random_problem(0, ties=False))
    with pytest.raises(ValueError, match="N_query, N_gallery"):
        evaluate_scores(scores[:, :-1], *rest)
