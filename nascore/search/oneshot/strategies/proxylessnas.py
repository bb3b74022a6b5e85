"""ProxylessNAS (Cai, Zhu and Han, 2019): two sampled operations per edge compete."""

from __future__ import annotations

import torch

from nascore import checks
from nascore.networks.choices import Choices, Draw
from nascore.search.oneshot.strategies.base import Strategy
from nascore.search.oneshot.strategies.properties import Properties


class ProxylessNAS(Strategy):
    """Sparse and stochastic, 2-hot (Table 1 of the AdvantageNAS paper): j and k are drawn without replacement.

    With b = softmax((theta_i^j, theta_i^k)) the loss is differentiated through b, d loss / d theta_i^j =
    b_j b_k (dL/da_i^j - dL/da_i^k), so that one of the two gains and the other loses. `mixing` says what the edge
    computes:

    - "softmax": b_j O_j + b_k O_k, which sums to one as Equation 1 asks;
    - "sum": O_j + O_k, both with weight 1, as in the AdvantageNAS authors' code;
    - "gate": one of the two, drawn from b, as in ProxylessNAS itself (BinaryConnect); both are computed.

    After the step the two logits are shifted together so that their joint mass is what it was, and all other logits
    are put back (the optimiser's momentum would move them): the probabilities of all others stay exactly the same.
    """

    properties = Properties("sparse", "2-hot", stochastic=True)

    def __init__(self, choices: Choices, *, mixing: str = "softmax", **settings):
        super().__init__(choices, **settings)
        self.mixing = checks.one_of("mixing", mixing, ("softmax", "sum", "gate"))
        self.settings |= {"mixing": self.mixing}

    def draw(self) -> Draw:
        pair = self.noisy().detach().topk(2, 1).indices  # Gumbel's two largest: two draws without replacement
        competing = self._live.gather(1, pair)  # an edge with one live operation has no second one
        share = torch.softmax(self.logits().gather(1, pair), 1)
        if self.mixing == "softmax":
            used = share.detach()
        elif self.mixing == "sum":
            used = competing.float()
        else:
            first = (torch.rand(len(share), generator=self.generator) < share.detach()[:, 0]).float()
            used = torch.stack([first, 1 - first], 1)
        blank = torch.zeros(self.theta.shape)
        rows = zip(pair.tolist(), competing.tolist(), strict=True)
        return Draw(
            blank.scatter(1, pair, used).requires_grad_(),
            tuple(tuple(op for op, alive in zip(ops, there, strict=True) if alive) for ops, there in rows),
            blank.scatter(1, pair, share),
        )

    def update(self, draws, losses, evaluate=None) -> None:
        if len(draws) != 1:  # the joint mass that has to stay is that of one pair
            for draw, loss in zip(draws, losses, strict=True):
                self.update([draw], [loss])
            return
        # an operation without an opponent is paired with itself: it stays where it is
        pair = torch.tensor([ops if len(ops) == 2 else ops * 2 for ops in draws[0].active])
        before = self.theta.detach().clone()
        self.step(self.pull_back(draws[0]))
        with torch.no_grad():
            moved = self.theta.gather(1, pair)
            moved += before.gather(1, pair).logsumexp(1, keepdim=True) - moved.logsumexp(1, keepdim=True)
            self.theta.copy_(before.scatter(1, pair, moved))
