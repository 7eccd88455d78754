"""AUC of the last value of an attempt, and the rate of the attempt with the highest one per instance."""

from __future__ import annotations

from collections import defaultdict

import torch

from .collate import collate
from .rows import IGNORED, TokenRow


@torch.no_grad()
def scores(model, rows: list[TokenRow], pad_id: int) -> list[float]:
    """The value at the end of each attempt's last turn, in [0, 1]."""
    model.eval()
    found = []
    for row in rows:
        batch = collate([[row]], pad_id, next(model.parameters()).dtype)
        labels = batch.pop("labels")
        batch = {name: tensor.to(model.device) for name, tensor in batch.items()}
        logits = model(**batch).logits.squeeze(-1)[0]
        last = int((labels[0] != IGNORED).nonzero()[-1])
        found.append(float(torch.sigmoid(logits[last].float())))
    return found


def auc(values: list[float], outcomes: list[bool]) -> float | None:
    """Chance that a resolved attempt has more than an unresolved one, ties half. None without both kinds."""
    good = [value for value, outcome in zip(values, outcomes) if outcome]
    bad = [value for value, outcome in zip(values, outcomes) if not outcome]
    if not good or not bad:
        return None
    wins = sum((a > b) + 0.5 * (a == b) for a in good for b in bad)
    return wins / (len(good) * len(bad))


def best_of(values: list[float], rows: list[TokenRow]) -> dict[str, float]:
    """Rates over the instances: the attempt with the highest value (ties to the first), the mean attempt, any attempt."""
    instances: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for value, row in zip(values, rows):
        instances[row.row.instance_id].append((value, row.row.resolved))
    groups = list(instances.values())
    return {
        "critic": sum(max(group, key=lambda one: one[0])[1] for group in groups) / len(groups),
        "random": sum(sum(outcome for _, outcome in group) / len(group) for group in groups) / len(groups),
        "oracle": sum(any(outcome for _, outcome in group) for group in groups) / len(groups),
    }
