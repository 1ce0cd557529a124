"""Context managers that say who may learn from a forward pass."""

import copy

import pytest
import torch
from torch import nn

from dgnet_lite.training.modes import (
    both,
    dropout_off,
    frozen,
    one_pass_for_two,
    running_statistics_kept,
    without_graph,
)


@pytest.fixture
def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 2)).train()


@pytest.fixture
def x():
    return torch.randn(16, 4, requires_grad=True)


def test_frozen_hands_the_gradient_to_the_input(net, x):
    with frozen(net):
        net(x).sum().backward()
    assert x.grad is not None


def test_frozen_keeps_the_gradient_from_the_parameters(net, x):
    with frozen(net):
        net(x).sum().backward()
    assert [p.grad for p in net.parameters()] == [None] * 6


def test_frozen_does_not_thaw_what_was_frozen_before(net):
    net[0].weight.requires_grad_(False)
    with frozen(net):
        pass
    assert [p.requires_grad for p in net.parameters()] == [False, True, True, True, True, True]


@pytest.mark.parametrize("manager", [frozen, running_statistics_kept, dropout_off])
def test_an_error_inside_leaves_the_network_as_it_was(net, manager):
    def state():
        norm = net[1]
        return [p.requires_grad for p in net.parameters()], net[2].training, norm.momentum, norm.track_running_stats

    before = state()
    with pytest.raises(RuntimeError, match="inside"), manager(net):
        raise RuntimeError("inside")
    assert state() == before


def test_kept_statistics_do_not_move(net, x):
    before = copy.deepcopy(dict(net.named_buffers()))
    with running_statistics_kept(net):
        net(x)
    assert all(torch.equal(before[name], buffer) for name, buffer in net.named_buffers())


def test_kept_statistics_survive_a_batch_that_is_not_finite(net):
    with running_statistics_kept(net):
        net(torch.full((4, 4), torch.inf))
    assert all(buffer.isfinite().all() for buffer in net.buffers())


def test_the_batch_is_still_normalised_by_its_own_statistics(net, x):
    norm = net[1]
    with running_statistics_kept(net):
        y = norm(100 * net[0](x))
    torch.testing.assert_close(y.mean(dim=0), torch.zeros(8), rtol=0, atol=1e-5)


def test_in_eval_mode_the_running_statistics_are_used(net, x):
    net.eval()
    expected = net(x)
    with running_statistics_kept(net):
        torch.testing.assert_close(net(x), expected, rtol=0, atol=0)


def test_statistics_move_again_afterwards(net, x):
    with running_statistics_kept(net):
        net(x)
    before = net[1].running_mean.clone()
    net(x)
    assert not torch.equal(net[1].running_mean, before)


def test_without_dropout_two_passes_agree(net, x):
    with dropout_off(net):
        assert torch.equal(net(x), net(x))


def test_dropout_that_was_off_stays_off(net):
    net.eval()
    with dropout_off(net):
        pass
    assert not net[2].training


# One pass for two


@pytest.fixture
def twins():
    """A network without dropout twice, and what it looks at twice, in float64."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 2, 3)).double().train()
    x = torch.randn(5, 3, 8, 8, dtype=torch.float64, requires_grad=True)
    return net, x, copy.deepcopy(net), x.detach().clone().requires_grad_(True)


def gradients(net, x):
    return [x.grad, *[p.grad for p in net.parameters()]]


def first_loss(y):
    return y.square().mean()


def second_loss(y):
    return (y - 1).abs().sin().mean()


def test_one_pass_for_two_gives_the_gradients_of_two_passes(twins):
    net, x, again, x_again = twins
    for_x, for_weights = one_pass_for_two(net, x * 2)
    (first_loss(for_x) + second_loss(for_weights)).backward()
    with frozen(again):
        first_loss(again(x_again * 2)).backward()
    second_loss(again(x_again.detach() * 2)).backward()
    torch.testing.assert_close(gradients(net, x), gradients(again, x_again), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("which", "x_learns", "weights_learn"), [(0, True, False), (1, False, True)])
def test_each_of_the_two_teaches_one_side_alone(twins, which, x_learns, weights_learn):
    net, x, *_ = twins
    first_loss(one_pass_for_two(net, x)[which]).backward()
    assert [x.grad is not None, *[p.grad is not None for p in net.parameters()]] == [x_learns] + [weights_learn] * 6


def test_both_is_a_usual_pass(twins):
    net, x, again, x_again = twins
    for_x, for_weights = one_pass_for_two(net, x)
    y, expected = both(for_x, for_weights), again(x_again)
    (first_loss(y) + second_loss(for_weights)).backward()
    (first_loss(expected) + second_loss(again(x_again.detach()))).backward()
    assert torch.equal(y, expected)
    torch.testing.assert_close(gradients(net, x), gradients(again, x_again), rtol=1e-12, atol=1e-15)


def test_one_pass_for_two_is_one_pass(twins):
    net, x, *_ = twins
    calls = []
    net.register_forward_hook(lambda *_: calls.append(1))
    for_x, for_weights = one_pass_for_two(net, x)
    (first_loss(for_x) + second_loss(for_weights)).backward()
    assert calls == [1]


@pytest.mark.parametrize("when", [True, False])
def test_without_graph_records_nothing_when_it_is_asked_to(net, x, when):
    with without_graph(when=when):
        assert net(x).requires_grad != when
    assert net(x).requires_grad


def test_without_graph_leaves_no_cast_weight_that_has_no_gradient(net, x):
    with torch.autocast("cpu", torch.bfloat16):
        with without_graph():
            net(x)
        net(x).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
