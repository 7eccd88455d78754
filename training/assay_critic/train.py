"""python -m assay_critic.train MODEL td.jsonl --out critic/"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.utils.data import Dataset
from transformers import AutoTokenizer, Trainer, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint

from .collate import collate
from .evaluate import auc, best_of, scores
from .model import open_model, plain_model, value_loss
from .rows import TokenRow, pack, read_rows, tokenize


@dataclass
class Settings:
    model: str
    train: str
    out: str
    evaluation: str | None = None
    max_tokens: int = 16_384
    epochs: float = 2.0
    max_steps: int = -1
    learning_rate: float = 2e-5
    batch: int = 1
    accumulate: int = 8
    lora_rank: int | None = None
    bf16: bool = False
    save_steps: int = 200
    seed: int = 1


class Groups(Dataset):
    def __init__(self, groups: list[list[TokenRow]]):
        self.groups = groups

    def __len__(self) -> int:
        return len(self.groups)

    def __getitem__(self, at: int) -> list[TokenRow]:
        return self.groups[at]


class CriticTrainer(Trainer):
    def compute_loss(self, model, inputs, return_outputs=False, **_):
        labels = inputs.pop("labels")
        outputs = model(**inputs)
        loss = value_loss(outputs.logits, labels)
        return (loss, outputs) if return_outputs else loss


def train(settings: Settings) -> dict:
    """Trains, going on from the last checkpoint in `out` if there is one; saves model and tokenizer there. Returns losses and, with evaluation rows, AUC and best@k."""
    tokenizer = AutoTokenizer.from_pretrained(settings.model, use_fast=True)
    pad_id = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
    rows = token_rows(settings.train, tokenizer, settings.max_tokens)
    model = open_model(settings.model, settings.lora_rank)
    model.config.pad_token_id = pad_id
    dtype = torch.bfloat16 if settings.bf16 else torch.float32
    trainer = CriticTrainer(
        model=model,
        args=TrainingArguments(
            output_dir=settings.out,
            num_train_epochs=settings.epochs,
            max_steps=settings.max_steps,
            per_device_train_batch_size=settings.batch,
            gradient_accumulation_steps=settings.accumulate,
            learning_rate=settings.learning_rate,
            bf16=settings.bf16,
            save_steps=settings.save_steps,
            save_total_limit=2,
            logging_steps=1,
            seed=settings.seed,
            report_to=[],
            remove_unused_columns=False,
            use_cpu=not torch.cuda.is_available(),
        ),
        train_dataset=Groups(pack(rows, settings.max_tokens)),
        data_collator=lambda groups: collate(groups, pad_id, dtype),
    )
    checkpoint = get_last_checkpoint(settings.out) if Path(settings.out).is_dir() else None
    trainer.train(resume_from_checkpoint=checkpoint)
    plain = plain_model(trainer.model)
    plain.save_pretrained(settings.out)
    tokenizer.save_pretrained(settings.out)
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    report: dict = {"rows": len(rows), "steps": trainer.state.global_step, "resumed": checkpoint is not None, "losses": losses}
    if settings.evaluation is not None:
        held = token_rows(settings.evaluation, tokenizer, settings.max_tokens)
        values = scores(plain, held, pad_id)
        report["evaluation"] = {"auc": auc(values, [row.row.resolved for row in held]), "best_of": best_of(values, held)}
    (Path(settings.out) / "training-report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return report


def token_rows(path: str, tokenizer, max_tokens: int) -> list[TokenRow]:
    return [row for row in (tokenize(one, tokenizer, max_tokens) for one in read_rows(path)) if row is not None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="a causal model: name on the Hub, or a folder")
    parser.add_argument("train", help="td.jsonl or td.parquet of `assay critic export`")
    parser.add_argument("--out", required=True)
    parser.add_argument("--evaluation", help="rows that are held out")
    parser.add_argument("--max-tokens", type=int, default=Settings.max_tokens)
    parser.add_argument("--epochs", type=float, default=Settings.epochs)
    parser.add_argument("--max-steps", type=int, default=Settings.max_steps)
    parser.add_argument("--learning-rate", type=float, default=Settings.learning_rate)
    parser.add_argument("--batch", type=int, default=Settings.batch)
    parser.add_argument("--accumulate", type=int, default=Settings.accumulate)
    parser.add_argument("--lora-rank", type=int)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--save-steps", type=int, default=Settings.save_steps)
    parser.add_argument("--seed", type=int, default=Settings.seed)
    print(json.dumps(train(Settings(**vars(parser.parse_args()))), indent=2))


if __name__ == "__main__":
    main()
