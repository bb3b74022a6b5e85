"""Section 5.1: the toy's loss is zero if and only if the student has the teacher's architecture."""

from __future__ import annotations

BATCHES, OTHERS = 5, 1000


def zero_only_at_teacher(seed: int) -> dict:
    """One teacher (`seed`) against all 90 architectures that differ on one edge and 1,000 random ones.

    teacher_loss: the largest of the student's losses with the teacher's architecture on fresh batches; smallest_other:
    the smallest of any other architecture's; only_there: the one is 0, the other is not.
    """
    import numpy as np

    from nascore.networks.choices import one_hot
    from nascore.networks.supernets.toy import ToyData, ToySupernet

    net = ToySupernet(seed=seed)
    data, ops = ToyData(net, seed=seed), len(net.choices.ops)
    edges, teacher, rng = net.choices.edges, data.arch, np.random.default_rng(seed)
    near = {(*teacher[:i], op, *teacher[i + 1 :]) for i in range(edges) for op in range(ops)}
    far = {tuple(row) for row in rng.integers(0, ops, (OTHERS, edges)).tolist()}
    batches = [data.test(number) for number in range(BATCHES)]

    def losses(arch: tuple[int, ...], some: list) -> list[float]:
        return [net.measures(batch, one_hot(arch, ops))["loss"] for batch in some]

    zero = max(losses(teacher, batches))
    other = min(losses(arch, batches[:1])[0] for arch in sorted((near | far) - {teacher}))
    return {"teacher_loss": zero, "smallest_other": float(f"{other:.4g}"), "only_there": int(zero == 0 < other)}
