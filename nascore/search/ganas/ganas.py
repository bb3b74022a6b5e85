"""GA-NAS: generative adversarial neural architecture search (Algorithms 1 and 2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import islice

import torch

from nascore import checks
from nascore.errors import SettingError
from nascore.search import doors
from nascore.search.base import Search
from nascore.search.ganas.discriminator import PairwiseDiscriminator, StandardDiscriminator
from nascore.search.ganas.encoder import batch_cells
from nascore.search.ganas.generator import Episodes, Generator
from nascore.search.ganas.reward import step_rewards, validity
from nascore.search.ganas.schedule import FEW_QUERIES, SETUP2, Schedule
from nascore.search.ganas.state import load_modules, pack, rows_of, unpack
from nascore.search.ganas.topology import topology_of
from nascore.search.ganas.training import FEW_QUERIES_TRAINING, NASBENCH101_TRAINING, Training
from nascore.search.ganas.truth import TopK, identity_of
from nascore.search.state import archs as archs_of
from nascore.search.state import keys, sequence
from nascore.spaces.base import Arch, Space
from nascore.threads import one_thread

MOST_ORDERED = 500  # architectures whose order the discriminator learns: their pairs are all held in memory


class GANAS(Search):
    """GA-NAS on a space with a fixed topology (cells, macro chains) or on NAS-Bench-101.

    Each iteration t keeps the best architectures so far as the truth set, trains discriminator and generator against
    each other on it (no evaluation is needed for that), and lets the generator propose |X_t| new architectures.

    Parameters
    ----------
    schedule: |X_0|, base, increment, T and k (`Schedule`), or single fields of it (initial, base, increment,
        iterations, truth). On NAS-Bench-101 the default is the paper's setup 2. On other spaces it is FEW_QUERIES,
        ours, which the recorded tuning found to need the fewest queries; `schedule=NASBENCH201` gives the paper's.
    truth_set: how the truth set is chosen; TopK(k) by default, TopK(k, feasible=...) for a hard constraint,
        ParetoFronts(4) for a Pareto search (the Oracle then answers rows, see its `costs`).
    discriminator: "pairwise" (the paper's) or "standard" (the ablation of Table 8).
    start: architectures that open X_0, e.g. a known network to improve; the rest of X_0 is random.
    evaluated: architectures with known values (mapping arch -> value or row) that count as X_0 and cost no query.
    training: `Training`, on NAS-Bench-101 NASBENCH101_TRAINING by default; single fields may be given by name
        (generator_rate=1e-4, ...).
    device: "auto" (GPU when there is one), "cpu", "cuda".
    """

    batch = None

    def __init__(
        self,
        space: Space,
        *,
        seed: int = 0,
        schedule: Schedule | None = None,
        truth_set=None,
        discriminator: str = "pairwise",
        start: Sequence[Arch] = (),
        evaluated=None,
        training: Training | None = None,
        device: str = "auto",
        **changes,
    ):
        super().__init__(space, seed=seed)
        self.topology = topology_of(space)
        if schedule is None:
            schedule = SETUP2 if self.topology.free else FEW_QUERIES
        schedule = checks.instance("schedule", schedule, Schedule, "a Schedule(...) such as NASBENCH201, or None")
        if training is None:
            default = NASBENCH101_TRAINING if self.topology.free else Training()
            training = FEW_QUERIES_TRAINING if schedule is FEW_QUERIES else default
        training = checks.instance("training", training, Training, "a Training(...), or None")
        fields = {name: changes.pop(name) for name in list(changes) if name in Schedule.__dataclass_fields__}
        self.schedule = replace(schedule, **fields)
        try:
            self.training = replace(training, **changes)
        except TypeError:
            unknown = ", ".join(sorted(set(changes) - set(Training.__dataclass_fields__)))
            allowed = ", ".join([*Schedule.__dataclass_fields__, *Training.__dataclass_fields__])
            raise SettingError(f"{unknown}: GANAS has no such setting; known: {allowed}") from None
        discriminator = checks.one_of("discriminator", discriminator, ("pairwise", "standard"))
        self.truth_set = TopK(self.schedule.truth) if truth_set is None else truth_set
        identity_of(self.truth_set)  # names one that is none
        if self.training.evidence == "order" and (discriminator != "pairwise" or not isinstance(self.truth_set, TopK)):
            raise SettingError(
                f"evidence='order' with discriminator={discriminator!r} and truth_set={identity_of(self.truth_set)}: "
                "expected the pairwise discriminator and TopK(...), which says of two cells which is better"
            )
        self.device = torch.device(_device(device))
        self.discriminator_kind = discriminator
        self.torch_rng = torch.Generator(self.device).manual_seed(self.seed)
        with torch.random.fork_rng(devices=[]), self._on_device():
            torch.manual_seed(self.seed)
            kind = PairwiseDiscriminator if discriminator == "pairwise" else StandardDiscriminator
            self.generator = Generator(self.topology, self.training.width, self.training.layers)
            self.discriminator = kind(
                self.topology.labels,
                self.topology.nodes,
                self.training.width,
                self.training.layers,
                positions=not self.topology.free,
            )
        self.generator_optimizer = torch.optim.Adam(self.generator.parameters(), self.training.generator_rate)
        self.discriminator_optimizer = torch.optim.Adam(
            self.discriminator.parameters(), self.training.discriminator_rate
        )
        self.iteration = 0
        self.archs: list[Arch] = []  # everything evaluated, in the order told
        self.rows: list[tuple] = []
        self.truth: list[Arch] = []
        self.trace: list[dict] = []  # one line per round of Algorithm 2; an iteration's last one says what X_t is
        self._told: set = set()
        self._proposed: set = set()
        self._ready: list[Arch] = []
        self._pending: set = set()
        if evaluated is not None and not isinstance(evaluated, Mapping):
            raise SettingError(f"evaluated={checks.shown(evaluated)}: expected a mapping architecture -> value")
        known = dict(evaluated or {})
        self._learn(*doors.answers(space, known.keys(), known.values()))
        opening = [space.validate(arch) for arch in checks.listed("start", start, "a list of architectures")]
        self._ready = self._unique(opening) if known else self._initial(opening)

    def _on_device(self):
        """Tensors are made on the device; on the CPU one thread is used."""
        return one_thread() if self.device.type == "cpu" else self.device

    # -- ask and tell -------------------------------------------------------------------------------------------
    def ask(self, n: int | None = None) -> list[Arch]:
        """The next architectures of X_t (all of it by default). When X_t is evaluated, trains and generates X_{t+1};
        empty while answers are outstanding."""
        if not self._ready and not self._pending and not self.done:
            self._next_iteration()
        out, self._ready = (self._ready, []) if n is None else (self._ready[:n], self._ready[n:])
        self._pending.update(self.space.key(arch) for arch in out)
        return out

    def tell(self, archs: Sequence[Arch], values: Sequence) -> None:
        self._learn(archs, values)
        self._pending.difference_update(map(self.space.key, archs))

    def _learn(self, archs: Sequence[Arch], values: Sequence) -> None:
        rows = [value if isinstance(value, tuple) else (value,) for value in values]
        # of a failed evaluation one NaN says as much as a row of them
        succeeded = (row for row in self.rows if row[0] == row[0])
        widths = {len(row) for row in (*islice(succeeded, 1), *rows) if row[0] == row[0]}
        if len(widths) > 1:
            raise SettingError(f"answers of {' and '.join(map(str, sorted(widths)))} numbers: expected one kind of row")
        for arch, row in zip(archs, rows, strict=True):
            key = self.space.key(arch)
            if key not in self._told:
                self._told.add(key)
                self._proposed.add(key)
                self.archs.append(arch)
                self.rows.append(row)

    @property
    def done(self) -> bool:
        if self._ready or self._pending:
            return False
        last = self.schedule.iterations
        return (last is not None and self.iteration >= last) or len(self._proposed) >= self.space.size

    # -- Algorithm 1 --------------------------------------------------------------------------------------------
    def _initial(self, start: list[Arch]) -> list[Arch]:
        chosen = self._unique(start)
        return chosen + self._random(self.schedule.initial - len(chosen))

    def _unique(self, archs: Sequence[Arch], most: float = float("inf")) -> list[Arch]:
        """Up to `most` of those not proposed before, each once; remembers them."""
        new: list[Arch] = []
        for arch in archs:
            if len(new) >= most:
                break
            key = self.space.key(arch)
            if key not in self._proposed:
                self._proposed.add(key)
                new.append(arch)
        return new

    def _random(self, n: int) -> list[Arch]:
        """Up to `n` new architectures drawn uniformly."""
        new: list[Arch] = []
        for _ in range(200):
            if len(new) >= n or len(self._proposed) >= self.space.size:
                break
            new += self._unique([self.space.sample(self.rng) for _ in range(n - len(new))])
        return new

    def _next_iteration(self) -> None:
        self.iteration += 1
        chosen = self.truth_set.select(self.rows, self.rng)
        if len(chosen) < 2:  # too few successes (or feasible ones) to learn from: keep sampling
            self._ready = self._random(self.schedule.size(self.iteration))
            return
        self.truth = [self.archs[i] for i in chosen]
        with self._on_device():
            self._train()
            self._ready = self._propose(self.schedule.size(self.iteration))

    def _propose(self, wanted: int) -> list[Arch]:
        """X_t: new, valid architectures from the generator, the first ones or (`pool`) those that the discriminator
        judges best; random ones only if the generator finds none at all."""
        most = max(self.training.pool, wanted)
        new: dict = {}  # key -> architecture, in the order of the proposals
        own, temperature = 0, 1.0  # how many of them, the first ones, were drawn at temperature 1
        for _ in range(self.training.exploration):
            archs = self._sampled(max(self.training.episodes, most), temperature)
            before = len(new)
            for arch in archs:
                key = self.space.key(arch)
                if len(new) < most and key not in self._proposed:
                    new.setdefault(key, arch)
            own = len(new) if temperature == 1.0 else own
            if len(new) >= most:
                break
            if len(new) - before < self.training.dry * len(archs):
                temperature = min(temperature * self.training.heat, self.training.hottest)
        drawn = list(new.values())
        chosen = self._judged_best(drawn, wanted) if len(drawn) > wanted else range(len(drawn))
        own = sum(place < own for place in chosen)
        found = self._unique([drawn[place] for place in chosen]) or self._random(wanted)
        self.trace[-1] |= {"new": len(found), "heated": (len(found) - own) / max(1, len(found))}
        return found

    def _judged_best(self, archs: list[Arch], wanted: int) -> list[int]:
        """The places of the `wanted` architectures with the largest R_D, best first."""
        truth = batch_cells(*self.topology.dense(self.truth))
        judgement = self.discriminator.judgement(truth, batch_cells(*self.topology.dense(archs)))
        return torch.argsort(judgement, descending=True, stable=True)[:wanted].tolist()

    def _sampled(self, batch: int, temperature: float = 1.0) -> list[Arch]:
        """The valid cells among `batch` episodes, repeated ones too."""
        episodes = self.generator.generate(batch, self.torch_rng, temperature)
        return self._finished(episodes, validity(episodes, self.topology.output)[1])[0]

    # -- Algorithm 2 --------------------------------------------------------------------------------------------
    def _train(self) -> None:
        truth = batch_cells(*self.topology.dense(self.truth))
        truth_keys = {self.space.key(arch) for arch in self.truth}
        for _ in range(self.training.rounds):
            episodes = self.generator.generate(self.training.episodes, self.torch_rng)
            final, valid = validity(episodes, self.topology.output)
            archs, rows = self._finished(episodes, valid)
            keys = [self.space.key(arch) for arch in archs]
            if self.training.evidence == "order":
                fakes = []
                self._train_on_order()
            else:
                fakes = self._fakes(truth_keys, archs, keys)
                self._train_discriminator(truth, fakes)
            judged = [i for i, key in enumerate(keys) if key not in truth_keys]
            score = torch.zeros(0)
            if judged:
                cells = batch_cells(*self.topology.dense([archs[i] for i in judged]))
                score = self.discriminator.reward(truth, cells)
                final[rows[torch.tensor(judged)]] += score
            rewards = step_rewards(episodes, final)
            self.training.ppo.update(self.generator, self.generator_optimizer, episodes, rewards, self.torch_rng)
            self.trace.append(
                {
                    "iteration": self.iteration,
                    "valid": float(valid.float().mean()),
                    "in_truth": 1 - len(judged) / max(1, len(archs)),
                    "unique": len(set(keys)),
                    "fakes": len(fakes),
                    "judgement": float(score.mean()) if len(score) else 0.0,
                    "reward": float(final.mean()),
                }
            )

    def _fakes(self, truth_keys: set, archs: list[Arch], keys: list) -> list[Arch]:
        """F: as many unique valid cells of the generator as there are truth cells (A.3), beginning with the round's
        batch. Where `fill` allows no further batch, F is what that batch has beside truth cells."""
        fill = self.training.fill
        seen = set() if fill else set(truth_keys)
        fakes: list[Arch] = []
        for tried in range(fill + 1):
            if tried:
                archs = self._sampled(self.training.episodes)
                keys = [self.space.key(arch) for arch in archs]
            for arch, key in zip(archs, keys, strict=True):
                if key not in seen and len(fakes) < len(self.truth):
                    seen.add(key)
                    fakes.append(arch)
            if len(fakes) == len(self.truth):
                break
        return fakes

    def _train_discriminator(self, truth, fakes: list[Arch]) -> None:
        """Positives: truth against truth. Negatives: truth against F."""
        if not fakes:
            return
        fake_cells = batch_cells(*self.topology.dense(fakes))
        self._minimise(lambda: self.discriminator.loss(truth, fake_cells))

    def _train_on_order(self) -> None:
        """Which of two evaluated architectures is at least as good as the other, the latest `MOST_ORDERED`."""
        levels = torch.tensor(self.truth_set.levels(self.rows[-MOST_ORDERED:]), dtype=torch.float64)
        cells = batch_cells(*self.topology.dense(self.archs[-MOST_ORDERED:]))
        self._minimise(lambda: self.discriminator.order_loss(cells, levels))

    def _minimise(self, loss_of: Callable[[], torch.Tensor]) -> None:
        for _ in range(self.training.discriminator_passes):
            loss = loss_of()
            self.discriminator_optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.discriminator_optimizer.step()

    def _finished(self, episodes: Episodes, valid: torch.Tensor) -> tuple[list[Arch], torch.Tensor]:
        """The valid cells of a batch as tuples, and their rows in it."""
        return self.topology.finished(episodes.label, episodes.adjacency, valid)

    # -- state --------------------------------------------------------------------------------------------------
    def settings(self) -> dict:
        training = asdict(self.training)
        return {
            **super().settings(),
            "schedule": asdict(self.schedule),
            "training": training,
            "discriminator": self.discriminator_kind,
            "truth_set": identity_of(self.truth_set),
        }

    def _modules(self) -> dict:
        return {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "generator_optimizer": self.generator_optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
        }

    def state_dict(self) -> dict:
        return {
            **super().state_dict(),
            "torch_rng": self.torch_rng.get_state(),
            "iteration": self.iteration,
            "archs": self.archs,
            "rows": self.rows,
            "truth": self.truth,
            "trace": self.trace,
            "ready": self._ready,
            "told": self._told,
            "proposed": self._proposed,
            "pending": self._pending,
            "modules": {name: module.state_dict() for name, module in self._modules().items()},
        }

    def load_state_dict(self, state: dict) -> None:
        super().load_state_dict(state)
        self.torch_rng.set_state(state["torch_rng"])
        self.iteration = checks.whole("iteration", state["iteration"], 0)
        self.archs, self.truth, self._ready = (
            archs_of(self.space, name, state[name]) for name in ("archs", "truth", "ready")
        )
        self.rows = rows_of(state["rows"], len(self.archs))
        self.trace = [dict(line) for line in sequence("trace", state["trace"])]
        self._told, self._proposed, self._pending = (
            keys(self.space, name, state[name]) for name in ("told", "proposed", "pending")
        )
        if self._told != set(map(self.space.key, self.archs)):
            raise SettingError("told: expected the keys of archs")
        load_modules(self._modules(), state["modules"])

    def _pack(self, content: dict) -> bytes:
        return pack(content)

    def _unpack(self, content: bytes) -> dict:
        return unpack(content, self.device)

    def __repr__(self) -> str:
        plan = self.schedule
        end = "" if plan.iterations is None else f" of {plan.iterations}"
        return (
            f"<{type(self).__name__} on {self.space.name}, seed {self.seed}, {self.discriminator_kind} discriminator, "
            f"|X_0| {plan.initial}, |X_1| {plan.base}, increment {plan.increment}, {identity_of(self.truth_set)}: "
            f"iteration {self.iteration}{end}, {self._tally}, truth set of {len(self.truth)}>"
        )


def _device(name: str | torch.device) -> str:
    name = str(name) if isinstance(name, torch.device) else name
    if isinstance(name, str) and name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if not isinstance(name, str) or not re.fullmatch(r"cpu|cuda(:\d{1,3})?", name):
        raise SettingError(f"device={checks.shown(name)}: expected 'auto', 'cpu' or 'cuda'")
    if name != "cpu" and not torch.cuda.is_available():
        raise SettingError(f"device={name!r}: this machine has no CUDA device; use 'auto' or 'cpu'")
    if ":" in name and int(name[5:]) >= torch.cuda.device_count():
        raise SettingError(f"device={name!r}: this machine has {torch.cuda.device_count()} CUDA devices")
    return name
