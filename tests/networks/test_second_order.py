"""Second derivatives through every fused operation: Hessian-vector products against finite differences, float64."""

from __future__ import annotations

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from nascore.networks import fleet
from nascore.networks.choices import Draw
from nascore.networks.ops import fused
from nascore.networks.supernets.cell import digits201_supernet, nasbench201_supernet
from nascore.networks.supernets.recurrent import RecurrentSupernet
from nascore.networks.supernets.toy import ToySupernet

STEP = 1e-5


def images(count, channels, side):
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randn(count, channels, side, side, generator=generator, dtype=torch.float64)
    return pictures, torch.randint(10, (count,), generator=generator)


def theta_of(net):
    shape = net.choices.edges, len(net.choices.ops)
    return torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 0.5


def loss_at(net, batch, theta, **draw):
    """The loss of the softmax mixture of theta, as DARTS draws it."""
    edges, ops = theta.shape
    return net.loss(batch, Draw(torch.softmax(theta, 1), (tuple(range(ops)),) * edges, **draw))


def hessian_vector(net, batch, theta, v, **draw):
    """d2 L / d theta2 . v by differentiating twice."""
    theta = theta.clone().requires_grad_()
    (first,) = torch.autograd.grad(loss_at(net, batch, theta, **draw), theta, create_graph=True)
    return torch.autograd.grad((first * v).sum(), theta)[0]


def differences(net, batch, theta, v, **draw):
    """The same by central differences of first derivatives."""
    sides = []
    for sign in (1, -1):
        moved = (theta + sign * STEP * v).requires_grad_()
        sides.append(torch.autograd.grad(loss_at(net, batch, moved, **draw), moved)[0])
    return (sides[0] - sides[1]) / (2 * STEP)


class Words:
    """A segment of words for the recurrent supernet."""

    def __init__(self):
        generator = torch.Generator().manual_seed(3)
        self.inputs = torch.randint(7, (4, 2), generator=generator).numpy()
        self.targets = torch.randint(7, (4, 2), generator=generator).numpy()
        self.position = 0


NETS = {
    "nasbench201": lambda: (nasbench201_supernet(2, 1, seed=1), images(4, 3, 8)),
    "digits201": lambda: (digits201_supernet(seed=1), images(4, 1, 10)),
    "digits201, running": lambda: (digits201_supernet(seed=1, statistics="running"), images(4, 1, 10)),
    "toy": lambda: (ToySupernet(3, 4, seed=1), (images(5, 1, 13)[0], torch.rand(5, dtype=torch.float64))),
    "recurrent": lambda: (RecurrentSupernet(7, 5, 0.0, seed=1), Words()),
}


@pytest.mark.parametrize("name", NETS)
def test_hessian_vector_products_equal_finite_differences(name):
    net, batch = NETS[name]()
    net = net.double()
    theta = theta_of(net)
    v = torch.randn(theta.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    exact, numeric = hessian_vector(net, batch, theta, v), differences(net, batch, theta, v)
    assert numeric.norm() > 1e-4, "there is something to miss"
    assert (exact - numeric).norm() <= 1e-3 * numeric.norm()


@pytest.mark.parametrize("name", ["nasbench201", "digits201"])
def test_mixed_derivatives_equal_finite_differences(name):
    """d2 L / d theta d w . u, which second-order DARTS approximates, u a direction of all weights."""
    net, batch = NETS[name]()
    net = net.double()
    theta, weights = theta_of(net), list(net.parameters())
    generator = torch.Generator().manual_seed(4)
    u = [torch.randn(w.shape, generator=generator, dtype=torch.float64) for w in weights]
    moved = theta.clone().requires_grad_()
    (first,) = torch.autograd.grad(loss_at(net, batch, moved), moved, create_graph=True)
    probe = torch.randn(first.shape, generator=generator, dtype=torch.float64)
    found = torch.autograd.grad((first * probe).sum(), weights, allow_unused=True)
    exact = sum(float((g * d).sum()) for g, d in zip(found, u, strict=True) if g is not None)
    sides = []
    for sign in (1, -1):
        with torch.no_grad():
            for w, d in zip(weights, u, strict=True):
                w.add_(sign * STEP * d)
        moved = theta.clone().requires_grad_()
        sides.append(float((torch.autograd.grad(loss_at(net, batch, moved), moved)[0] * probe).sum()))
        with torch.no_grad():
            for w, d in zip(weights, u, strict=True):
                w.sub_(sign * STEP * d)
    numeric = (sides[0] - sides[1]) / (2 * STEP)
    assert abs(numeric) > 1e-4 and abs(exact - numeric) <= 1e-3 * abs(numeric)


def test_a_hessian_is_symmetric():
    net, batch = NETS["digits201"]()
    net, theta = net.double(), theta_of(net)
    columns = []
    for i in range(theta.numel()):
        v = torch.zeros(theta.numel(), dtype=torch.float64)
        v[i] = 1.0
        columns.append(hessian_vector(net, batch, theta, v.view_as(theta)).flatten())
    hessian = torch.stack(columns)
    assert (hessian - hessian.T).abs().max() <= 1e-8 * hessian.abs().max()


def double(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).requires_grad_()


def away_from_zero(x):
    """No entry near the kink of a rectifier, where differences say nothing."""
    with torch.no_grad():
        x += 0.1 * x.sign()
    return x


def share(height, width):
    return fleet._share(height, width)


RUNS = ((0, 1), (2, 3))
FUNCTIONS = {
    "_WeightedSum": lambda: (
        lambda a, b, x, y: fused._WeightedSum.apply(2, a, b, x, y),
        (double(1).squeeze(), double(1, seed=1).squeeze(), double(2, 2, 3, 3), double(2, 2, 3, 3, seed=2)),
    ),
    "_DepthwisePool": lambda: (
        lambda x: fused._DepthwisePool.apply(x, x.new_ones(2, 1, 3, 3), share(4, 4)),
        (double(2, 2, 4, 4),),
    ),
    "_Fork": lambda: (
        lambda x: tuple(y.clone() for y in fleet._Fork.apply(x, [None, RUNS, RUNS], [True, False, True])),
        (away_from_zero(double(2, 3, 3, 3, 2)),),
    ),
    "_Merge": lambda: (
        lambda x, y: fleet._Merge.apply(3, [None, RUNS], x, y),
        (double(2, 3, 3, 3, 2), double(2, 3, 3, 2, 2, seed=1)),
    ),
    "_Pool": lambda: (
        lambda x: fleet._Pool.apply(x, x.new_ones(2, 1, 3, 3), share(4, 4)),
        (double(2, 2, 4, 4),),
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_of_our_own_can_be_differentiated_twice(name):
    function, inputs = FUNCTIONS[name]()
    assert gradcheck(function, inputs)
    # once more inside something curved, so that second derivatives are not all zero
    assert gradgradcheck(lambda *x: _curved(function(*x)), inputs)


def _curved(out):
    parts = out if isinstance(out, tuple) else (out,)
    return sum((part**3).sum() for part in parts)


def test_no_function_of_our_own_is_left_out():
    own = {
        f"{kind.__name__}"
        for kind in torch.autograd.Function.__subclasses__()
        if kind.__module__.startswith("nascore.")
    }
    assert own == {*FUNCTIONS, "_Constants"}


def test_constants_differentiate_twice_as_a_weight_of_zero_does():
    """x + w * ones at w = 0: nothing is added, and all derivatives are those of the sum."""
    x, w, v = double(2, 2, 3, 3), torch.zeros((), dtype=torch.float64, requires_grad=True), double(2, 2, 3, 3, seed=1)
    found = []
    for function in (fused.add_constants, lambda x, w: x + w):
        first = torch.autograd.grad((function(x, w) ** 3).sum(), (x, w), create_graph=True)
        found.append([*first, *torch.autograd.grad((first[0] * v).sum() + first[1] ** 2, (x, w))])
    for ours, plain in zip(*found, strict=True):
        assert torch.allclose(ours, plain)
