"""The recurrent supernet: the published equations, sparsity, carried state, gradients of the mixing weights."""

import numpy as np
import pytest
import torch

from nascore.data.text import Segment, Stream, markov_text
from nascore.errors import SettingError
from nascore.networks.choices import Draw, one_hot
from nascore.networks.supernets.recurrent import RecurrentNetwork, RecurrentSupernet, printed_params
from nascore.spaces.recurrent import OPS, SPACE, ZERO

WORDS, UNITS = 12, 5
NUMPY = (lambda x: x, np.tanh, lambda x: 1 / (1 + np.exp(-x)), lambda x: np.maximum(x, 0), lambda x: 0 * x)
ARCH = (1, 3, 4, 0, 2, 1)


@pytest.fixture
def net():
    made = RecurrentSupernet(WORDS, UNITS, dropout=0.0, seed=3)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter *= 10  # so that operations and states matter
    return made


def stream(length=6, batch=4, words=WORDS):
    return Stream(markov_text(words, 400, 1).train, batch, length)


def by_hand(net, segment, mixture, state=None):
    """Summed cross-entropy over batch, by the equations in numpy (float64); `mixture[edge][op]` are the weights."""
    get = lambda p: p.detach().double().numpy()  # noqa: E731
    sigmoid, units = NUMPY[2], net.units
    (v_gate, v_map), (u_gate, u_map) = (np.split(get(p), 2) for p in (net.cell.enter, net.cell.recur))
    state = np.zeros((segment.inputs.shape[1], units)) if state is None else state
    total = 0.0
    for inputs, targets in zip(segment.inputs, segment.targets, strict=True):
        x = get(net.embedding.weight)[inputs]
        gate, content = sigmoid(x @ v_gate.T + state @ u_gate.T), np.tanh(x @ v_map.T + state @ u_map.T)
        nodes, edge = [state + gate * (content - state)], 0
        for target in range(1, 4):
            entering = []
            for source in range(target):
                n = nodes[source]
                h = n @ get(net.cell.maps[str(edge)]).T if str(edge) in net.cell.maps else 0 * n
                mixed = sum(w * NUMPY[op](h) for op, w in mixture[edge].items())
                entering.append(n + sigmoid(n @ get(net.cell.gates[edge]).T) * (mixed - n))
                edge += 1
            nodes.append(np.mean(entering, 0))
        state = np.mean(nodes[1:], 0)
        logits = state @ get(net.softmax.weight).T + get(net.softmax.bias)
        logits -= logits.max(1, keepdims=True)
        total -= (logits[np.arange(len(targets)), targets] - np.log(np.exp(logits).sum(1))).sum()
    return total / segment.inputs.shape[1], state


def test_the_loss_follows_the_equations(net):
    segment = stream()[0]
    expected, _ = by_hand(net, segment, [{op: 1.0} for op in ARCH])
    assert net.loss(segment, one_hot(ARCH, 5)).item() == pytest.approx(expected, rel=1e-5)
    mixture = [{0: 0.3, 1: 0.7}, {2: 1.0, 4: 1.0}, {4: 1.0}, {3: 0.5, 1: 0.5}, {2: 1.0, 0: 1.0}, {1: 0.2, 3: 0.8}]
    weights = torch.zeros(6, 5)
    for edge, parts in enumerate(mixture):
        for op, w in parts.items():
            weights[edge, op] = w
    assert net.loss(segment, Draw(weights, tuple(map(tuple, mixture)))).item() == pytest.approx(
        by_hand(net, segment, mixture)[0], rel=1e-5
    )


def test_the_gradient_of_the_mixing_weights_is_that_of_the_loss(net):
    net.double()
    segment = stream(3, 3)[0]
    draw = one_hot(ARCH, 5, requires_grad=True)
    draw.weights = draw.weights.detach().double().requires_grad_()
    net.loss(segment, draw).backward()
    for edge, op in enumerate(ARCH):
        ends = [
            by_hand(net, segment, [{o: 1.0 + step * (e == edge)} for e, o in enumerate(ARCH)])[0]
            for step in (1e-5, -1e-5)
        ]
        assert float(draw.weights.grad[edge, op]) == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-4, abs=1e-9)
    assert float(draw.weights.grad[2, ZERO]) == 0.0


def test_only_sampled_operations_are_computed(net, monkeypatch):
    from nascore.networks.cells import recurrent

    def forbidden(x):
        raise AssertionError("not sampled")

    monkeypatch.setattr(recurrent, "ACTIVATIONS", (recurrent.ACTIVATIONS[0], forbidden, forbidden, forbidden))
    net.loss(stream()[0], one_hot((0, 0, ZERO, 0, 0, 0), 5, True)).backward()
    assert net.cell.maps["2"].grad is None and net.cell.maps["1"].grad is not None  # zero needs no map
    assert net.cell.gates[2].grad is not None  # but it is gated


def test_a_draw_of_zeros_only_has_a_gradient_of_zero(net):
    draw = one_hot((ZERO,) * 6, 5, True)
    net.loss(stream()[0], draw).backward()
    assert torch.equal(draw.weights.grad, torch.zeros(6, 5))


def test_constants_give_every_weight_a_derivative(net):
    plain = one_hot(ARCH, 5, True)
    draw, segment = Draw(one_hot(ARCH, 5, True).weights, plain.active, constants=True), stream()[0]
    loss = net.loss(segment, draw)
    assert loss.item() == pytest.approx(net.loss(segment, plain).item())
    loss.backward()
    others = torch.ones(6, 5).scatter(1, torch.tensor(ARCH)[:, None], 0).bool()
    assert (draw.weights.grad[others] != 0).all()


def test_the_state_is_carried_from_segment_to_segment(net):
    draw, parts = one_hot(ARCH, 5), stream()
    mixture = [{op: 1.0} for op in ARCH]
    first, state = by_hand(net, parts[0], mixture)
    second, _ = by_hand(net, parts[1], mixture, state)
    fresh, _ = by_hand(net, parts[1], mixture)
    assert abs(second - fresh) > 0.01
    assert net.loss(parts[1], draw).item() == pytest.approx(fresh, rel=1e-5)  # what was before it is not known
    net.loss(parts[0], draw)
    assert net.measures(parts[1], draw)["loss"] * 6 == pytest.approx(second, rel=1e-5)
    for _ in range(2):  # the same segment again starts from the same state
        assert net.loss(parts[1], draw).item() == pytest.approx(second, rel=1e-5)
    assert net.loss(parts[0], draw).item() == pytest.approx(first, rel=1e-5)


def test_perplexity_of_a_stream(net):
    draw, parts = one_hot(ARCH, 5), stream()
    expected, state = 0.0, None
    for segment in parts:
        loss, state = by_hand(net, segment, [{op: 1.0} for op in ARCH], state)
        expected += loss * segment.inputs.shape[1]
    assert net.perplexity(parts, draw) == pytest.approx(np.exp(expected / parts.inputs.size), rel=1e-5)
    assert net.perplexity(stream(17), draw) == pytest.approx(net.perplexity(parts, draw), rel=1e-5)


def test_autocast(net):
    segment, draw = stream()[0], one_hot(ARCH, 5, True)
    exact = net.loss(segment, draw).item()
    with torch.autocast("cpu", torch.bfloat16):
        loss = net.loss(segment, draw)
    loss.backward()
    assert loss.item() == pytest.approx(exact, rel=0.05) and draw.weights.grad.isfinite().all()


def test_dropout_only_in_training():
    net, segment = RecurrentSupernet(WORDS, UNITS, dropout=0.5), stream()[0]
    draw = one_hot(ARCH, 5)
    torch.manual_seed(0)
    assert net.loss(segment, draw).item() != net.loss(segment, draw).item()
    net.eval()
    assert net.loss(segment, draw).item() == net.loss(segment, draw).item()


def test_the_network_of_a_cell_holds_what_the_cell_uses(net):
    cell = RecurrentNetwork(ARCH, WORDS, UNITS, dropout=0.0)
    segment = stream()[0]
    cell.loss(segment).backward()
    assert all(parameter.grad is not None for parameter in cell.parameters())
    maps = 4 + 6 + 5  # node 0, gates, maps of the edges that are not zero
    assert cell.params * 1e6 == pytest.approx(2 * WORDS * UNITS + WORDS + maps * UNITS**2)
    state = {name: value for name, value in net.state_dict().items() if name in cell.state_dict()}
    cell.load_state_dict(state)
    assert cell.loss(segment).item() == pytest.approx(net.loss(segment, one_hot(ARCH, 5)).item())


def test_params_as_printed():
    """Table 3: 7.44 for every cell without an identity edge, and 0.18 less for each identity."""
    assert printed_params((1, 1, 1, 1, 1, 1)) == pytest.approx(7.44)
    assert printed_params((0, 1, 1, 3, 2, 4)) == pytest.approx(7.26)


def test_seeds_and_settings():
    same = [RecurrentSupernet(WORDS, UNITS, seed=seed).cell.enter.detach() for seed in (1, 1, 2)]
    assert torch.equal(same[0], same[1]) and not torch.equal(same[0], same[2])
    assert max(float(p.abs().max()) for p in RecurrentSupernet(WORDS, UNITS).parameters()) <= 0.1
    for wrong in ({"words": 0}, {"words": 3, "units": 2.5}, {"words": 3, "dropout": 1.0}):
        with pytest.raises(SettingError, match=list(wrong)[-1]):
            RecurrentSupernet(**wrong)
    with pytest.raises(ValueError):
        RecurrentNetwork((1, 1, 1), WORDS)
    assert SPACE.size == 5**6 and OPS[ZERO] == "zero"


def test_every_operation_of_a_drawn_cell_feeds_the_output():
    graph = SPACE.dag(ARCH)
    assert graph.labels == ("input", *(OPS[op] for op in ARCH), "output")
    assert [edge for edge in graph.edges if edge[1] == 7] == [(op, 7) for op in range(1, 7)]
    assert {(0, 1), (1, 3), (2, 6), (3, 6)} <= set(graph.edges) and len(graph.edges) == 13


def test_a_segment_of_another_width_starts_from_zero(net):
    draw = one_hot(ARCH, 5)
    net.loss(stream()[0], draw)
    other = stream(batch=2)[1]
    assert net.loss(other, draw).item() == pytest.approx(
        by_hand(net, Segment(other.inputs, other.targets, 0), [{op: 1.0} for op in ARCH])[0], rel=1e-5
    )
