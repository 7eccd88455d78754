"""Rows of `assay critic export` and their tokens.

A row has `text` (ChatML), `turn_ends` (offset of the mark that closes each assistant turn, in code points) and `labels` (the TD target per turn).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable

IGNORED = -100.0


@dataclass(frozen=True)
class Row:
    instance_id: str
    run_id: str
    resolved: bool
    text: str
    turn_ends: list[int]
    labels: list[float]


@dataclass(frozen=True)
class TokenRow:
    """`labels` holds the target at the token that ends an assistant turn and `IGNORED` everywhere else."""

    row: Row
    input_ids: list[int]
    labels: list[float]


def read_rows(path: str | Path) -> list[Row]:
    """Reads `td.jsonl` or `td.parquet`."""
    path = Path(path)
    if path.suffix == ".parquet":
        import pyarrow.parquet as parquet

        return [_row(record) for record in parquet.read_table(path).to_pylist()]
    with path.open(encoding="utf-8") as lines:
        return [_row(json.loads(line)) for line in lines if line.strip()]


def _row(record: dict) -> Row:
    def as_list(value):
        return json.loads(value) if isinstance(value, (str, bytes)) else value

    return Row(
        record["instance_id"],
        record["run_id"],
        bool(record["resolved"]),
        record["text"],
        as_list(record["turn_ends"]),
        as_list(record["labels"]),
    )


def tokenize(row: Row, tokenizer, max_tokens: int) -> TokenRow | None:
    """Labels land on the token that begins where a turn ends, which is `<|im_end|>`.

    A row that is too long loses tokens at its beginning: the end is where the outcome shows. None when no turn is left.
    """
    encoded = tokenizer(row.text, return_offsets_mapping=True, add_special_tokens=False)
    target_at = dict(zip(row.turn_ends, row.labels))
    labels = [target_at.pop(start, IGNORED) if end > start else IGNORED for start, end in encoded["offset_mapping"]]
    if target_at:
        raise ValueError(f"{row.instance_id}: {len(target_at)} turn ends lie within a token: the tokenizer has no <|im_end|>")
    input_ids, labels = encoded["input_ids"][-max_tokens:], labels[-max_tokens:]
    if all(label == IGNORED for label in labels):
        return None
    return TokenRow(row, input_ids, labels)


def pack(rows: Iterable[TokenRow], max_tokens: int) -> list[list[TokenRow]]:
    """First-fit decreasing: groups of rows that fit into one sequence together. Each row keeps positions and attention of its own."""
    bins: list[tuple[int, list[TokenRow]]] = []
    for row in sorted(rows, key=lambda one: -len(one.input_ids)):
        size = len(row.input_ids)
        for index, (used, members) in enumerate(bins):
            if used + size <= max_tokens:
                members.append(row)
                bins[index] = (used + size, members)
                break
        else:
            bins.append((size, [row]))
    return [members for _, members in bins]
