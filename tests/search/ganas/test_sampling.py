"""Who makes the cells: what the discriminator is shown (A.3), what is proposed, what PPO learns from."""

import math

import pytest
import torch

import nascore as nc
from nascore.errors import SettingError
from nascore.search.ganas.discriminator import PairwiseDiscriminator
from nascore.search.ganas.ganas import GANAS
from nascore.search.ganas.generator import Generator
from nascore.search.ganas.ppo import PPO
from nascore.search.ganas.rlnas import RLNAS
from nascore.search.ganas.training import FEW_QUERIES_TRAINING, NASBENCH101_TRAINING, Training
from nascore.search.ganas.truth import ParetoFronts

QUICK = {"rounds": 2, "episodes": 24, "width": 8, "layers": 2}
SMALL = {"initial": 12, "base": 8, "increment": 0, "iterations": 3, "truth": 5}
SPACE101 = nc.spaces.NASBench101()


def edges(arch) -> float:
    """A value that wants no table."""
    return float(bin(arch[0]).count("1"))


@pytest.fixture
def batches(monkeypatch):
    """Every batch of episodes that a generator makes, with its temperature."""
    made = []
    generate = Generator.generate

    def recorded(self, batch, rng, temperature=1.0):
        made.append((generate(self, batch, rng, temperature), temperature))
        return made[-1][0]

    monkeypatch.setattr(Generator, "generate", recorded)
    return made


@pytest.fixture
def shown(monkeypatch):
    """Every set F that a discriminator was trained on, and the truth set of the time."""
    sets = []
    train = GANAS._train_discriminator

    def recorded(self, truth, fakes):
        sets.append((list(fakes), list(self.truth)))
        return train(self, truth, fakes)

    monkeypatch.setattr(GANAS, "_train_discriminator", recorded)
    return sets


@pytest.mark.parametrize("fill, episodes", [(200, 4), (200, 24)])
def test_f_has_as_many_unique_valid_cells_as_there_are_truth_cells(shown, fill, episodes):
    search = GANAS(SPACE101, seed=0, fill=fill, **SMALL, **{**QUICK, "episodes": episodes})
    nc.run(search, nc.Oracle(edges, space=SPACE101))
    assert len(shown) == SMALL["iterations"] * QUICK["rounds"]
    for fakes, truth in shown:
        assert len(fakes) == len({SPACE101.key(arch) for arch in fakes}) == len(truth) == SMALL["truth"]
        assert all(SPACE101.validate(arch) == arch for arch in fakes)
    assert [line["fakes"] for line in search.trace] == [len(fakes) for fakes, _ in shown]


def test_what_g_has_in_common_with_the_truth_set_is_in_f_too(shown):
    """A space of nine architectures, six of them true: F can have six only with true ones among them."""
    space = nc.spaces.MacroSpace(2, ("a", "b", "c"))
    settings = {"initial": 7, "base": 1, "increment": 0, "iterations": 1, "truth": 6, **QUICK}
    for fill, among in ((50, True), (0, False)):
        shown.clear()
        nc.run(GANAS(space, seed=0, fill=fill, **settings), nc.Oracle(lambda arch: float(sum(arch)), space=space))
        for fakes, truth in shown:
            assert bool({*fakes} & {*truth}) == among and len(fakes) == (6 if among else len({*fakes} - {*truth}))


def test_the_heat_has_a_cap_and_every_iteration_says_how_much_of_it_was_heated(batches):
    space = nc.spaces.CellSpace(3, ("a", "b", "c"))  # 27 architectures: what is new soon is rare
    settings = {"initial": 6, "base": 10, "increment": 0, "iterations": None, "truth": 3, **QUICK}
    search = GANAS(space, seed=0, heat=1.5, hottest=1.9, dry=0.9, **settings)
    result = nc.run(search, nc.Oracle(lambda arch: float(sum(arch)), 27, space=space))
    assert max(temperature for _, temperature in batches) == 1.9
    lines = [line for line in search.trace if "heated" in line]
    assert [line["iteration"] for line in lines] == list(range(1, search.iteration + 1))
    assert sum(line["new"] for line in lines) == result.queries - 6
    assert all(0 <= line["heated"] <= 1 for line in lines) and any(line["heated"] > 0 for line in lines)
    never = GANAS(space, seed=0, heat=1.0, **settings)
    nc.run(never, nc.Oracle(lambda arch: float(sum(arch)), 16, space=space))
    assert [line["heated"] for line in never.trace if "heated" in line] == [0.0]


@pytest.mark.parametrize("space", [nc.spaces.CellSpace(3, ("a", "b", "c")), SPACE101], ids=lambda space: space.name)
def test_rl_nas_learns_from_its_own_policy_only(batches, space, monkeypatch):
    """Every batch that PPO is given has the probabilities of the present policy, and none of them is a heated one."""
    learnt, update = [], PPO.update

    def recorded(self, generator, optimizer, episodes, rewards, rng):
        log_prob = generator.evaluate(episodes.steps)[0]
        assert torch.allclose(log_prob, episodes.log_prob, atol=1e-4)
        learnt.append(episodes)
        return update(self, generator, optimizer, episodes, rewards, rng)

    monkeypatch.setattr(PPO, "update", recorded)
    quick = {name: QUICK[name] for name in ("width", "layers", "episodes")}
    search = RLNAS(space, seed=0, dry=0.9, heat=1.5, hottest=2.0, generator_rate=3e-3, **quick)
    value = edges if space is SPACE101 else lambda arch: float(sum(arch))
    result = nc.run(search, nc.Oracle(value, min(120, space.size), space=space))
    hot = [episodes for episodes, temperature in batches if temperature > 1]
    assert result.queries == min(120, space.size) and hot and max(t for _, t in batches) <= 2.0
    assert learnt and not {id(episodes) for episodes in hot} & {id(episodes) for episodes in learnt}
    assert any(line["heated"] > 0 for line in search.trace)
    assert sum(line["new"] for line in search.trace) <= result.queries


def test_each_kind_of_space_has_its_own_settings():
    few, free = GANAS(nc.spaces.NASBench201()), GANAS(SPACE101)
    assert few.training == FEW_QUERIES_TRAINING and free.training == NASBENCH101_TRAINING
    assert RLNAS(SPACE101).training == NASBENCH101_TRAINING and RLNAS(nc.spaces.NASBench201()).training == Training()
    assert free.training.fill and free.training.hottest <= 3


def test_of_a_pool_the_discriminator_chooses(monkeypatch, batches):
    """X_t is the part of the generator's new cells that R_D puts first; with no pool it is what came first."""
    judged = []
    judge = PairwiseDiscriminator.judgement

    def recorded(self, truth, generated):
        judged.append((judge(self, truth, generated), generated))
        return judged[-1][0]

    monkeypatch.setattr(PairwiseDiscriminator, "judgement", recorded)
    space = nc.spaces.NASBench201()
    search = GANAS(space, seed=0, pool=100, **SMALL, **QUICK)
    search.tell(first := search.ask(), [float(sum(arch)) for arch in first])
    chosen, (judgement, pool) = search.ask(), judged[-1]
    assert len(chosen) == SMALL["base"] and len(judgement) == 100 and len(batches[-1][0].label) == 100
    labels = pool.label.reshape(100, -1)[:, 1:-1][judgement.argsort(descending=True)]
    assert chosen == [tuple(arch) for arch in labels[: len(chosen)].tolist()]
    assert not {*chosen} & {*first} and search.trace[-1]["new"] == len(chosen)
    plain = GANAS(space, seed=0, **SMALL, **QUICK)
    plain.tell(plain.ask(), [float(sum(arch)) for arch in first])
    assert {*plain.ask()} != {*chosen}


def test_what_the_discriminator_learns_from_may_be_the_order_of_everything_evaluated(shown, monkeypatch):
    learnt = []
    order = PairwiseDiscriminator.order_loss

    def recorded(self, cells, levels):
        learnt.append((cells.shape[0], levels.tolist()))
        return order(self, cells, levels)

    monkeypatch.setattr(PairwiseDiscriminator, "order_loss", recorded)
    search = GANAS(SPACE101, seed=0, evidence="order", discriminator_passes=2, **SMALL, **QUICK)
    values = {}

    def value(arch):
        """Every fifth one fails."""
        values[arch] = math.nan if len(values) % 5 == 4 else edges(arch)
        return values[arch]

    nc.run(search, nc.Oracle(value, space=SPACE101))
    levels = [-math.inf if level != level else level for level in values.values()]
    assert not shown and all(line["fakes"] == 0 for line in search.trace)
    assert len(learnt) == 2 * QUICK["rounds"] * SMALL["iterations"]
    assert [size for size, _ in learnt[:: 2 * QUICK["rounds"]]] == [12, 20, 28]
    assert all(told == levels[:size] for size, told in learnt)


@pytest.mark.parametrize("other", [{"discriminator": "standard"}, {"truth_set": ParetoFronts(2)}])
def test_an_order_needs_a_pairwise_discriminator_and_values(other):
    with pytest.raises(SettingError, match="evidence='order'"):
        GANAS(SPACE101, evidence="order", **other)


@pytest.mark.parametrize(
    "wrong",
    [
        {"fill": -1},
        {"fill": 1.5},
        {"hottest": 0.5},
        {"hottest": math.nan},
        *({"pool": bad} for bad in (-1, 1.5, 10**12, None)),
        *({"evidence": bad} for bad in ("", "Order", None, 1)),
    ],
)
def test_settings_that_are_none(wrong):
    with pytest.raises(SettingError, match=next(iter(wrong))):
        GANAS(SPACE101, **wrong)


def test_the_entropy_of_an_action_is_that_of_its_operation_and_all_its_edges():
    """A policy of even chances: log(actions) for the operation, log 2 for each edge that can be."""
    from nascore.search.ganas.topology import topology_of

    torch.manual_seed(0)
    generator = Generator(topology_of(SPACE101), 8, 2)
    for head in (generator.op_head[-1], generator.edge_head):
        torch.nn.init.zeros_(head.weight)
        torch.nn.init.zeros_(head.bias)
    steps = generator.generate(64, torch.Generator().manual_seed(1)).steps
    entropy = generator.evaluate(steps)[1]
    expected = math.log(generator.topology.actions) + steps.node * math.log(2)
    assert torch.allclose(entropy, expected, atol=1e-5) and len(set(steps.node.tolist())) > 2
