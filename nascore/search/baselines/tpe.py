"""Bayesian optimisation by optuna's tree-structured Parzen estimator (Bergstra et al., 2011)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from nascore import checks
from nascore.search.base import Search, first_values, how_many
from nascore.search.baselines.random import Unseen
from nascore.spaces.base import Arch, Space

_TRIES = 50  # proposals in a row without a new architecture, after which an unseen one is drawn at random


class TPE(Search):
    """One categorical parameter per decision, optuna's default TPE with `startup` random trials first.

    An architecture that is proposed again is answered from memory; after 50 proposals without a new one the next is
    drawn at random from the unseen (done when none is left). Failed evaluations and invalid decisions (NAS-Bench-101)
    are told to optuna as failed.
    """

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
        failed = value - value != 0.0
        if failed:
            self._study.tell(number, state=optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(number, value)
        self._trials[number] = (self._trials[number][0], None if failed else value)

    # -- ask and tell ---------------------------------------------------------------------------------------------
    def ask(self, n: int | None = None) -> list[Arch]:
        archs: list[Arch] = []
        for _ in range(how_many(n)):
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
        for arch, value in zip(archs, first_values(values), strict=True):
            key, value = self.space.key(arch), float(value)
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
        self._known, self._trials = dict(state["known"]), list(state["trials"])
        self._pending = {key: list(numbers) for key, numbers in state["pending"].items()}
        self._sampler_seed = state["seed"]
        self._study = None  # rebuilt from the trials
