"""Bayesian optimisation by optuna's tree-structured Parzen estimator (Bergstra et al., 2011)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from nascore import checks
from nascore.errors import SettingError
from nascore.search.base import Search, first
from nascore.search.baselines.random import Unseen
from nascore.search.state import decided, keys, known, mapping, sequence
from nascore.spaces.base import Arch, Space

_TRIES = 50  # proposals in a row without a new architecture, after which an unseen one is drawn at random


class TPE(Search):
    """One categorical parameter per decision, optuna's default TPE with `startup` random trials first.

    An architecture that is proposed again is answered from memory; after 50 proposals without a new one the next is
    drawn at random from the unseen (done when none is left). Failed evaluations and invalid decisions (NAS-Bench-101)
    are told to optuna as failed.
    """

    most_at_once = 1_000  # each takes longer than the one before: optuna goes through all trials

    def __init__(self, space: Space, *, seed: int = 0, startup: int = 10):
        super().__init__(space, seed=seed)
        self.startup = checks.whole("startup", startup, 1)
        self._decisions = space.decisions()
        self._unseen = Unseen(space)
        self._known: dict[Arch, float] = {}
        self._pending: dict[Arch, list[int]] = {}  # architecture -> numbers of the trials that wait for its value
        self._trials: list[tuple] = []  # (decisions, value | None failed | "running"), as optuna has them
        self._sampler_seed = self.seed
        self._study = None

    # -- optuna ---------------------------------------------------------------------------------------------------
    def _optuna(self):
        """The study, built from the told trials when first needed."""
        import optuna

        if self._study is None:
            optuna.logging.set_verbosity(optuna.logging.ERROR)
            self._distributions = {
                name: optuna.distributions.CategoricalDistribution(list(range(size)))
                for name, size in zip(self._decisions.names, self._decisions.sizes, strict=True)
            }
            self._study = optuna.create_study(direction="maximize")
            for decisions, value in self._trials:
                self._study.add_trial(self._frozen(decisions, value))
        return optuna

    def _frozen(self, decisions: tuple[int, ...], value):
        import optuna

        state = optuna.trial.TrialState
        status = state.RUNNING if value == "running" else state.FAIL if value is None else state.COMPLETE
        return optuna.trial.create_trial(
            state=status,
            value=value if status == state.COMPLETE else None,
            distributions=self._distributions,
            params=dict(zip(self._decisions.names, decisions, strict=True)),
        )

    def _propose(self) -> tuple[int, ...]:
        optuna = self._optuna()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # a sampler seeded by (seed, trial) needs no state of its own: a loaded search continues the same
            self._study.sampler = optuna.samplers.TPESampler(
                n_startup_trials=self.startup, seed=(self._sampler_seed * 1_000_003 + len(self._trials)) % 2**32
            )
            trial = self._study.ask(self._distributions)
        decisions = tuple(trial.params[name] for name in self._decisions.names)
        self._trials.append((decisions, "running"))
        return decisions

    def _answer(self, number: int, value: float) -> None:
        optuna = self._optuna()
        failed = value != value
        if failed:
            self._study.tell(number, state=optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(number, value)
        self._trials[number] = (self._trials[number][0], None if failed else value)

    # -- ask and tell ---------------------------------------------------------------------------------------------
    def ask(self, n: int | None = None) -> list[Arch]:
        archs: list[Arch] = []
        for _ in range(n or 1):
            arch = self._new()
            if arch is None:
                break
            archs.append(arch)
        return archs

    def _new(self) -> Arch | None:
        for _ in range(_TRIES):
            if self.done:
                return None
            decisions = self._propose()
            number = len(self._trials) - 1
            arch = self._decisions.arch(decisions)
            key = None if arch is None else self.space.key(arch)
            if key is None:
                self._answer(number, float("nan"))
            elif key in self._known:
                self._answer(number, self._known[key])
            elif key in self._pending:
                self._pending[key].append(number)
            else:
                self._pending[key] = [number]
                self._unseen.add(arch)
                return arch
        arch = self._unseen.draw(self.rng)
        if arch is not None:
            self._pending[self.space.key(arch)] = []
        return arch

    def tell(self, archs: Sequence[Arch], values: Sequence) -> None:
        for arch, value in zip(archs, map(first, values), strict=True):
            key = self.space.key(arch)
            self._known[key] = value
            self._unseen.add(arch)
            for number in self._pending.pop(key, []):
                self._answer(number, value)

    @property
    def done(self) -> bool:
        return self._unseen.empty or len(self._unseen.seen) >= self.space.size

    def settings(self) -> dict:
        return super().settings() | {"startup": self.startup}

    def state_dict(self) -> dict:
        return super().state_dict() | {
            "unseen": self._unseen.state_dict(),
            "known": dict(self._known),
            "trials": list(self._trials),
            "pending": {key: list(numbers) for key, numbers in self._pending.items()},
            "seed": self._sampler_seed,
        }

    def load_state_dict(self, state: dict) -> None:
        super().load_state_dict(state)
        self._unseen.load_state_dict(state["unseen"])
        self._known = known(self.space, "known", state["known"])
        self._trials = [self._trial(each) for each in sequence("trials", state["trials"])]
        pending = mapping("pending", state["pending"])
        keys(self.space, "pending", list(pending))
        self._pending = {
            key: [self._running(each) for each in sequence("pending", numbers)] for key, numbers in pending.items()
        }
        self._sampler_seed = checks.seed(state["seed"])
        self._study = None  # rebuilt from the trials

    def _trial(self, found) -> tuple:
        decisions, value = found
        value = value if value is None or value == "running" else checks.number("trials", value)
        return decided(self._decisions.sizes, "trials", decisions), value

    def _running(self, number) -> int:
        number = checks.whole("pending", number, 0, len(self._trials) - 1)
        if self._trials[number][1] != "running":
            raise SettingError(f"pending={number}: expected a trial that waits for its value")
        return number
