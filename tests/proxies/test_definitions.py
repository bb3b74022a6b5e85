"""Each baseline against its definition, computed plainly here; networks of modules and of calls alike."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import nascore as nc
from nascore.errors import SettingError


class Modules(nn.Module):
    """Convolution, normalisation, rectifier, pooling, head: of torch's modules."""

    def __init__(self, inplace: bool = False):
        super().__init__()
        self.conv, self.norm, self.act = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace)
        self.pool, self.head = nn.AdaptiveAvgPool2d(1), nn.Linear(4, 5)

    def forward(self, x):
        return self.head(self.pool(self.act(self.norm(self.conv(x)))).flatten(1))


class Calls(Modules):
    """The same by calls of torch's functions."""

    def forward(self, x):
        x = F.conv2d(x, self.conv.weight, self.conv.bias)
        x = F.batch_norm(x, None, None, self.norm.weight, self.norm.bias, True)
        return F.linear(torch.relu(x).mean((2, 3)), self.head.weight, self.head.bias)


@pytest.fixture(params=[Modules, Calls, lambda: Modules(True)], ids=["modules", "calls", "in place"])
def network(request):
    torch.manual_seed(3)
    return request.param().double()


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(4)
    images = torch.randn(6, 3, 7, 7, generator=generator, dtype=torch.float64)
    return nc.proxies.as_batch(images, torch.tensor([0, 1, 2, 3, 4, 0]))


def value(name, network, batch, **settings):
    return nc.proxies.get(name, **settings)(network, batch)


def steps(network, batch):
    """What a forward pass goes through, with gradients kept: (convolution, rectified, logits)."""
    conv = F.conv2d(batch.images, network.conv.weight, network.conv.bias)
    normed = F.batch_norm(conv, None, None, network.norm.weight, network.norm.bias, True)
    rectified = F.relu(normed)
    logits = F.linear(rectified.mean((2, 3)), network.head.weight, network.head.bias)
    return conv, normed, logits


def weights(network):
    return [network.conv.weight, network.head.weight]


def test_parameters_and_flops(network, batch):
    assert value("parameters", network, batch) == 4 * 27 + 4 + 8 + 20 + 5
    assert value("flops", network, batch) == 27 * 4 * 25 + 4 * 5


def test_gradient_norm_snip_and_grasp(network, batch):
    loss = F.cross_entropy(steps(network, batch)[2], batch.labels)
    gradients = torch.autograd.grad(loss, weights(network), create_graph=True)
    assert value("grad_norm", network, batch) == pytest.approx(sum(g.norm().item() for g in gradients))
    snip = sum((w * g).abs().sum().item() for w, g in zip(weights(network), gradients, strict=True))
    assert value("snip", network, batch) == pytest.approx(snip)
    squared = sum((g**2).sum() for g in gradients) / 2  # whose gradient is the Hessian times the gradient
    seconds = torch.autograd.grad(squared, weights(network))
    grasp = -sum((w * h).sum().item() for w, h in zip(weights(network), seconds, strict=True))
    assert value("grasp", network, batch) == pytest.approx(grasp)


def test_fisher_counts_channels_once_or_once_per_weight(network, batch):
    conv, _, logits = steps(network, batch)
    on_conv, on_logits = torch.autograd.grad(F.cross_entropy(logits, batch.labels), [conv, logits])
    first = ((conv * on_conv).sum((2, 3)) ** 2).mean(0).sum().item() / 2
    last = ((logits * on_logits) ** 2).mean(0).sum().item() / 2
    assert value("fisher", network, batch, each="channel") == pytest.approx(first + last)
    assert value("fisher", network, batch) == pytest.approx(27 * first + 4 * last)


def test_naswot_counts_units_that_agree(network, batch):
    on = (steps(network, batch)[1] > 0).flatten(1).double()
    kernel = on @ on.T + (1 - on) @ (1 - on).T
    assert value("naswot", network, batch) == pytest.approx(torch.linalg.slogdet(kernel)[1].item())


def test_jacob_cov(network, batch):
    images = batch.images.clone().requires_grad_()
    (jacobian,) = torch.autograd.grad(steps(network, nc.proxies.Batch(images))[2].sum(), images)
    values = torch.linalg.eigvalsh(torch.corrcoef(jacobian.flatten(1))) + 1e-5
    assert value("jacob_cov", network, batch) == pytest.approx(-(values.log() + 1 / values).sum().item())


@pytest.mark.parametrize("normalisation", ["identity", "gain", "running"])
def test_synflow_is_the_sum_of_all_paths(network, batch, normalisation):
    with torch.no_grad():
        network.norm.weight.fill_(-2.0)
    scale = {"identity": 1.0, "gain": 2.0, "running": 2.0 / math.sqrt(1 + 1e-5)}[normalisation]
    conv, head = network.conv.weight.detach().abs().double(), network.head.weight.detach().abs().double()
    fan = conv.sum((1, 2, 3))
    bias = network.conv.bias.detach().abs().double()
    flow = (head.sum(0) * fan * scale).sum()  # what the weights of the convolution carry
    through = (head * ((fan + bias) * scale + 0.0 * fan)).sum()  # and those of the head, biases in front included
    assert value("synflow", network, batch, normalisation=normalisation) == pytest.approx(
        math.log1p((flow + through).item()), rel=1e-6
    )


def test_zico_is_mean_over_deviation(network, batch):
    parts = []
    for half in (slice(0, 3), slice(3, 6)):
        loss = F.cross_entropy(steps(network, nc.proxies.Batch(batch.images[half]))[2], batch.labels[half])
        parts.append([g.abs() for g in torch.autograd.grad(loss, weights(network))])
    expected = 0.0
    for a, b in zip(*parts, strict=True):
        ratio = ((a + b) / 2) / ((a - b).abs() / 2)
        expected += ratio[a != b].sum().log().item()
    assert value("zico", network, batch) == pytest.approx(expected)


def test_zen_measures_change_and_undoes_normalisation(network, batch):
    found = value("zen", network, batch)
    with torch.no_grad():
        network.conv.weight.mul_(100.0)  # weights are drawn anew: those there were do not matter
    assert value("zen", network, batch) == found
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        conv = torch.empty_like(network.conv.weight).normal_(generator=generator)
        torch.empty_like(network.head.weight).normal_(generator=generator)
        x = torch.empty_like(batch.images).normal_(generator=generator)
        noise = torch.empty_like(batch.images).normal_(generator=generator)
        before, after = (F.conv2d(each, conv, network.conv.bias) for each in (x, x + 0.01 * noise))
        features = [F.relu(F.batch_norm(each, None, None, training=True)) for each in (before, after)]
        change = (features[0] - features[1]).abs().sum((1, 2, 3)).mean().log()
        scale = (before.var((0, 2, 3), unbiased=False).mean() + 1e-5).log() / 2
    assert found == pytest.approx((change + scale).item())


def test_training_lowers_the_loss_and_more_of_it_further(network, batch):
    losses = [-value("classification", network, batch, steps=n, rate=0.05) for n in (1, 10, 60)]
    assert losses[0] > losses[1] > losses[2]


def test_econas_learns_what_can_be_learned():
    torch.manual_seed(0)
    labels = torch.arange(200) % 2
    images = torch.randn(200, 3, 8, 8) + 3.0 * labels[:, None, None, None] - 1.5
    batch = nc.proxies.as_batch(images, labels)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    assert nc.proxies.get("econas", steps=60, rate=0.05)(network, batch) > 90


class Plain(nn.Module):
    """No rectifier, no pooling, no normalisation."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(3 * 49, 5)

    def forward(self, x):
        return torch.tanh(self.head(x.float().flatten(1)))


@pytest.mark.parametrize("name, why", [("naswot", "no rectifier"), ("zen", "never averages")])
def test_where_a_score_is_not_defined_it_says_so(name, why, batch):
    with pytest.raises(SettingError, match=why):
        value(name, Plain(), batch)


@pytest.mark.parametrize("name", ["jacob_cov", "zen"])
def test_what_needs_pixels_refuses_tokens(name):
    with pytest.raises(SettingError, match=f"{name} needs images"):
        value(name, Plain(), nc.proxies.as_batch(torch.zeros(3, 2, dtype=torch.long)))


def test_tokens_have_a_loss_per_step():
    text, labels = torch.randint(9, (4, 3)), torch.randint(9, (4, 3))
    network, batch = nn.Sequential(nn.Embedding(9, 5), nn.ReLU(), nn.Linear(5, 9)), nc.proxies.as_batch(text, labels)
    network[0].weight.requires_grad_(True)
    for name in ("snip", "grad_norm", "fisher", "grasp", "synflow", "parameters"):
        assert math.isfinite(value(name, network, batch))


@pytest.mark.parametrize(
    "name, settings, why",
    [
        ("fisher", {"each": "x"}, "each='x'"),
        ("synflow", {"normalisation": "none"}, "normalisation='none'"),
        ("grasp", {"temperature": 0}, "temperature=0"),
        ("zico", {"parts": 1}, "parts=1"),
        ("zen", {"repeats": 0}, "repeats=0"),
        ("classification", {"rate": -1}, "rate=-1"),
        ("econas", {"steps": 0}, "steps=0"),
    ],
)
def test_settings_are_checked(name, settings, why, batch):
    with pytest.raises(SettingError, match=why):
        value(name, Modules().double(), batch, **settings)
