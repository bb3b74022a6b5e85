"""Perturbation-based selection, DARTS-PT (Wang et al., 2021; Section 3.1 of the thesis, Algorithm 1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nascore import checks
from nascore.errors import SettingError
from nascore.search.oneshot.hooks.snapshots import kept
from nascore.search.oneshot.selections.base import Selection
from nascore.search.oneshot.strategies import greedy
from nascore.search.oneshot.strength import CRITERIA, Strength, first_learning_rate, shuffled, undecided
from nascore.spaces.base import Arch
from nascore.threads import limited

if TYPE_CHECKING:
    from nascore.search.oneshot.log import SearchLog
    from nascore.search.oneshot.run import Run

ORDERS = ("random", "sgas")


class PerturbationSelection(Selection):
    """Edge after edge keeps the operation whose removal hurts the supernet most; in between the supernet is tuned.
    Where a node may keep two of its edges only (the DARTS space), it then loses, node after node in random order, the
    edge whose removal hurts least until two are left.

    data: `val(0)` gives the batches that judge, the first `batches` of them (None: all, which may be the same images
    again and again, see ImageData), `train(epoch)` and `val(epoch)` those of the tuning.
    tune_steps: weight steps after every decision but the last, each followed by an architecture step (the paper: five
    epochs); 0: none. criterion: "accuracy" or "loss". order: "random", drawn from `seed`, or "sgas": the edge next that
    SGAS's first criterion is surest of. rate: the weights' learning rate in the tuning, as a share of the search's
    first one (the authors' code: a tenth).

    The search's supernet, strategy and optimiser are afterwards as they were, so that several selections can be made
    from one log. `decisions`: of the last selection, a dict for each edge in order: edge, op, before (value of the
    mixture), without (operation -> value), and after the tuning after. `closed`: likewise for each edge that a node
    lost: edge, without (edge of that node -> value).
    """

    def __init__(
        self,
        data,
        tune_steps: int = 60,
        seed: int = 0,
        *,
        criterion: str = "accuracy",
        order: str = "random",
        rate: float = 0.1,
        batches: int | None = None,
    ):
        if isinstance(data, type) or not all(callable(getattr(data, part, None)) for part in ("train", "val")):
            raise SettingError(
                f"data={checks.shown(data)}: expected batches by train(epoch) and val(epoch), such as ImageData"
            )
        self.data, self.seed = data, checks.seed(seed)
        self.tune_steps = checks.whole("tune_steps", tune_steps, 0)
        self.criterion = checks.one_of("criterion", criterion, tuple(CRITERIA))
        self.order, self.rate = checks.one_of("order", order, ORDERS), checks.number("rate", rate, above=0)
        self.batches = None if batches is None else checks.whole("batches", batches, 1)
        self.decisions: list[dict] = []
        self.closed: list[dict] = []

    def select(self, log: SearchLog) -> Arch:
        """The architecture; SettingError for a log without its run, or whose supernet does not measure `criterion`."""
        if log.run is None:
            raise SettingError("this log was made of rows alone: there is no supernet to remove operations from")
        return self.on(log.run)

    def on(self, run: Run) -> Arch:
        """`select` on a run as it stands, such as one that was set back to a snapshot."""
        with kept(run), limited(run.threads):
            return self._decide(run)

    def _decide(self, run: Run) -> Arch:
        strength = Strength.on_first(run, self.data, self.batches, self.criterion)
        rivals = getattr(run.supernet, "rivals", ())
        order = shuffled(undecided(run), self.seed)
        value, self.decisions = strength.value(strength.mixture()), []
        while order:
            edge = self._next(run, order)
            order.remove(edge)
            op, without = strength.strongest(edge, value)
            run.strategy.keep(edge, op)
            made = {"edge": edge, "op": op, "before": value, "without": without}
            if order or rivals:
                self._tune(run)
            value = strength.value(strength.mixture())
            self.decisions.append({**made, "after": value})
        self._close(run, strength, rivals)
        return run.derived()

    def _tune(self, run: Run) -> None:
        if self.tune_steps:
            run.train_weights(self.tune_steps, self.data, self.rate * first_learning_rate(run), architecture=True)

    def _close(self, run: Run, strength: Strength, rivals: Sequence[tuple[int, ...]]) -> None:
        """The topology: of rivals the edge goes whose removal leaves the highest value, of equal ones the last."""
        net, self.closed = run.supernet, []
        groups = shuffled(rivals, self.seed)
        for number, edges in enumerate(groups):
            left = [edge for edge in edges if edge in set(net.open_edges())]
            while len(left) > net.kept:
                without = {edge: strength.without_edge(edge) for edge in left}
                gone = max(without, key=lambda edge: (without[edge], edge))
                net.close(gone)
                left.remove(gone)
                self.closed.append({"edge": gone, "without": without})
            if number + 1 < len(groups):
                self._tune(run)

    def _next(self, run: Run, order: list[int]) -> int:
        if self.order == "random":
            return order[0]
        p, zero = run.strategy.probabilities(), run.supernet.choices.zero
        scores = greedy.normalised(greedy.certainty(p, zero))
        if zero is not None:
            scores = scores * greedy.normalised(greedy.importance(p, zero))
        return max(order, key=lambda edge: (float(scores[edge]), -edge))
