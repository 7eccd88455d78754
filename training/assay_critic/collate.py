"""Packed groups of rows as tensors. Rows of one group do not see each other: the mask is causal within a row and closed between rows."""

from __future__ import annotations

import torch

from .rows import IGNORED, TokenRow


def collate(groups: list[list[TokenRow]], pad_id: int, dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    length = max(sum(len(row.input_ids) for row in group) for group in groups)
    size = len(groups)
    input_ids = torch.full((size, length), pad_id, dtype=torch.long)
    labels = torch.full((size, length), IGNORED, dtype=torch.float32)
    positions = torch.zeros((size, length), dtype=torch.long)
    segments = torch.full((size, length), -1, dtype=torch.long)
    for at, group in enumerate(groups):
        start = 0
        for number, row in enumerate(group):
            end = start + len(row.input_ids)
            input_ids[at, start:end] = torch.tensor(row.input_ids)
            labels[at, start:end] = torch.tensor(row.labels)
            positions[at, start:end] = torch.arange(end - start)
            segments[at, start:end] = number
            start = end
    same = segments.unsqueeze(2) == segments.unsqueeze(1)
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    mask = torch.zeros((size, 1, length, length), dtype=dtype)
    mask.masked_fill_(~(same & causal).unsqueeze(1), torch.finfo(dtype).min)
    return {"input_ids": input_ids, "attention_mask": mask, "position_ids": positions, "labels": labels}
