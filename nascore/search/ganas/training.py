"""What the paper leaves open about training G and D, and the settings that the recorded tuning chose."""

from __future__ import annotations

from dataclasses import dataclass, field

from nascore import checks
from nascore.search.ganas.ppo import PPO

# whole numbers of `Training`: the least, and the most, far above what helps and below what fills the memory
EVIDENCE = ("fakes", "order")
_COUNTS = {
    "width": (1, 4_096),
    "layers": (1, 100),
    "rounds": (1, 10_000),
    "episodes": (1, 100_000),
    "discriminator_passes": (1, 10_000),
    "exploration": (1, 10_000),
    "fill": (0, 10_000),
    "pool": (0, 1_000_000),
}


@dataclass(frozen=True)
class Training:
    """What the paper leaves open, chosen by the recorded tuning (notebooks/ganas/11_tuning).

    width and layers of both k-GNNs; rounds T' of Algorithm 2 in each iteration; episodes generated in each round;
    passes of the discriminator in each round; `fill`: how many further batches the generator makes until F has |T|
    unique valid cells, truth cells among them, as A.3 says (0: F is what the round's batch has beside truth cells);
    learning rates (Table 10: G 1e-4, D 1e-3); `exploration`: how many batches of episodes are tried for the new
    architectures of an iteration before it makes do with fewer; `heat`: the sampling temperature is multiplied by it,
    up to `hottest`, whenever less than the share `dry` of a batch's valid cells was new, because a generator that has
    fitted the truth set mostly repeats what is known (1: never, then |X_t| falls short).

    Two settings leave the paper, for searches of few queries. `evidence`: what the discriminator learns from, the truth
    set against F ("fakes", as in A.3), or the order of everything evaluated so far ("order": of two evaluated cells,
    whether the second is at least as good as the first; no F is made). `pool`: G proposes until it has so many new
    cells, and X_t is those of them with the largest R_D (0: X_t is what G proposes first, as in Algorithm 1).
    """

    width: int = 32
    layers: int = 3
    rounds: int = 10
    episodes: int = 128
    discriminator_passes: int = 5
    fill: int = 0
    generator_rate: float = 1e-3
    discriminator_rate: float = 1e-3
    exploration: int = 40
    heat: float = 1.1
    hottest: float = 50.0
    dry: float = 0.1
    evidence: str = "fakes"
    pool: int = 0
    ppo: PPO = field(default_factory=PPO)

    def __post_init__(self):
        normal = {
            **{name: checks.whole(name, getattr(self, name), *limits) for name, limits in _COUNTS.items()},
            **{
                name: checks.number(name, getattr(self, name), above=0, below=1)
                for name in ("generator_rate", "discriminator_rate")
            },
            "evidence": checks.one_of("evidence", self.evidence, EVIDENCE),
            "dry": checks.number("dry", self.dry, 0, below=1),
            "heat": checks.number("heat", self.heat, 1, below=10),
            "hottest": checks.number("hottest", self.hottest, 1, 100),
            "ppo": checks.instance("ppo", self.ppo, PPO, "a PPO(...)"),
        }
        for name, value in normal.items():
            object.__setattr__(self, name, value)


FEW_QUERIES_TRAINING = Training(rounds=3, generator_rate=3e-3)  # tuned together with the schedule FEW_QUERIES

# Further from the paper, with the schedule FEW_QUERIES: the discriminator ranks what G proposes, and has learnt it from
# the order of everything evaluated (study "ganas/queries").
FEWEST_QUERIES_TRAINING = Training(
    rounds=1,
    generator_rate=3e-3,
    discriminator_passes=60,
    evidence="order",
    pool=1000,
    exploration=12,
    heat=1.3,
    hottest=5.0,
)

# Where edges are searched too a policy that has collapsed proposes next to nothing of its own: with the entropy
# multiplier 0.1 that A.3 prints most of X_t was drawn from a heated copy (stage "nasbench101" of the tuning).
NASBENCH101_TRAINING = Training(fill=20, exploration=100, dry=0.02, hottest=2.0, ppo=PPO(entropy=0.2))
