"""A convolution whose gradient is differentiated again: the numbers of torch's own, by other kernels."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from dgnet_lite import losses as L
from dgnet_lite.networks.blocks import conv
from dgnet_lite.networks.discriminator import MultiScaleDiscriminator
from dgnet_lite.networks.twice import Conv, twice


@pytest.fixture
def x():
    torch.manual_seed(0)
    return torch.randn(2, 3, 9, 8, dtype=torch.float64, requires_grad=True)


def network(kernel, stride, padding_mode):
    torch.manual_seed(1)
    first = Conv(3, 4, kernel, stride, padding=kernel // 2, padding_mode=padding_mode)
    return nn.Sequential(first, nn.LeakyReLU(0.2), Conv(4, 2, 3, bias=False)).double()


def learnt(net, x, fast):
    """Output, the gradient's squared length, and the gradients by x and the weights of both together."""
    if fast:
        with twice(net):
            y = net(x)
            (slope,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    else:
        y = net(x)
        (slope,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    length = slope.square().sum()
    gradients = torch.autograd.grad(length + y.square().mean(), [x, *net.parameters()])
    return [y, length, *gradients]


@pytest.mark.parametrize(
    ("kernel", "stride", "padding_mode"), [(3, 1, "reflect"), (3, 2, "reflect"), (3, 2, "zeros"), (1, 1, "zeros")]
)
def test_everything_is_as_with_torch_s_own(x, kernel, stride, padding_mode):
    net = network(kernel, stride, padding_mode)
    torch.testing.assert_close(learnt(net, x, True), learnt(net, x, False), rtol=1e-12, atol=1e-14)


def test_outside_it_is_torch_s_own_layer(x):
    layer = conv(3, 4)
    again = nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect")
    again.load_state_dict(layer.state_dict())
    assert torch.equal(layer(x.float()), again(x.float()))
    with pytest.raises(RuntimeError), twice(layer):
        raise RuntimeError
    assert not layer.twice


def test_gradients_by_weights_that_could_not_be_differentiated_again_are_refused(x):
    net = network(3, 1, "reflect")
    with twice(net):
        y = net(x)
    with pytest.raises(RuntimeError, match="to not have been used"):
        torch.autograd.grad(y.sum(), net[0].weight, create_graph=True)


class Kernels(TorchDispatchMode):
    """Notes the largest kernel of any convolution."""

    largest = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if "convolution" in str(function) and "backward" not in str(function):
            self.largest = max(self.largest, args[1].shape[2])
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize(("fast", "largest"), [(True, 3), (False, 64)])
def test_the_punishment_of_d_convolves_by_no_feature_map(fast, largest):
    D = MultiScaleDiscriminator(4, 2, 1)
    x = torch.randn(2, 3, 64, 32, requires_grad=True)
    twin = copy.deepcopy(D)
    with Kernels() as kernels:
        if fast:
            with twice(D):
                punishment = L.gradient_punishment(D(x), x)
        else:
            punishment = L.gradient_punishment(D(x), x)
        punishment.backward()
    assert kernels.largest == largest
    L.gradient_punishment(twin(x), x).backward()
    for p, q in zip(D.parameters(), twin.parameters(), strict=True):
        assert (p.grad is None) == (q.grad is None)
        if p.grad is not None:
            torch.testing.assert_close(p.grad, q.grad, rtol=1e-4, atol=1e-7)
