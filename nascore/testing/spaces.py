"""What every search space has to do."""

from __future__ import annotations

import numpy as np
import pytest

from nascore.errors import ArchitectureError, SettingError
from nascore.spaces.base import Space


class SpaceConformance:
    """Override `make`; `draws` is how many architectures are tried."""

    draws = 60

    def make(self) -> Space:
        """Your space."""
        raise NotImplementedError("override make() so that it returns your space")

    def archs(self, seed: int = 0) -> list:
        rng = np.random.default_rng(seed)
        return [self.make().sample(rng) for _ in range(self.draws)]

    def test_samples_are_valid_plain_tuples_and_repeat(self):
        space = self.make()
        for arch in self.archs():
            assert type(arch) is tuple and all(type(op) is int for op in arch)
            assert space.validate(arch) == arch and arch in space and hash(arch) is not None
        assert self.archs() == self.archs() and (space.size == 1 or self.archs(1) != self.archs())

    def test_numpy_and_lists_are_normalised(self):
        space = self.make()
        for arch in self.archs()[:10]:
            for form in (list(arch), np.array(arch), tuple(np.array(arch))):
                found = space.validate(form)
                assert found == arch and all(type(op) is int for op in found)

    def test_mutation_changes_something_and_stays_inside(self):
        space, rng = self.make(), np.random.default_rng(1)
        for arch in self.archs():
            other = space.mutate(arch, rng)
            assert space.validate(other) == other and space.key(other) != space.key(arch)

    def test_neighbours_are_others_and_each_once(self):
        space = self.make()
        for arch in self.archs()[:10]:
            around = space.neighbours(arch)
            keys = [space.key(other) for other in around]
            assert len(set(keys)) == len(keys) and space.key(arch) not in keys
            assert all(other in space for other in around)

    def test_text_and_back(self):
        space = self.make()
        for arch in self.archs():
            assert space.key(space.parse(space.format(arch))) == space.key(arch)

    @pytest.mark.parametrize("text", ["", "no architecture", 3, None])
    def test_text_that_is_none(self, text):
        with pytest.raises(ArchitectureError):
            self.make().parse(text)

    @pytest.mark.parametrize("arch", ["abc", None, 3, (), (10**30,), (-1,) * 6, ("a",) * 6, (0.5,) * 6])
    def test_what_is_no_architecture_is_refused(self, arch):
        assert arch not in self.make()
        with pytest.raises(ArchitectureError):
            self.make().validate(arch)

    def test_the_dag_is_one(self):
        space = self.make()
        for arch in self.archs()[:20]:
            dag = space.dag(arch)
            assert dag.labels[0] == "input" and dag.labels[-1] == "output"
            assert all(0 <= source < target < len(dag.labels) for source, target in dag.edges)
            assert set(dag.labels[1:-1]) <= {*space.ops, *space.joints}

    def test_a_fixed_topology_is_fixed(self):
        space = self.make()
        if space.fixed_topology:
            assert len({space.dag(arch).edges for arch in self.archs()}) == 1

    def test_decisions_make_architectures(self):
        space = self.make()
        try:
            decisions = space.decisions()
        except SettingError:
            pytest.skip("this space has no form of independent decisions")
        rng = np.random.default_rng(2)
        assert len(decisions.names) == len(set(decisions.names)) == len(decisions.sizes)
        made = [decisions.arch([int(rng.random() * size) for size in decisions.sizes]) for _ in range(self.draws)]
        assert any(arch is not None for arch in made)
        assert all(arch is None or space.validate(arch) == arch for arch in made)

    def test_identity_says_what_an_architecture_means(self):
        space = self.make()
        assert space.identity() == self.make().identity() and space == self.make() and hash(space) == hash(self.make())
        assert space.identity()["ops"] == list(space.ops)
