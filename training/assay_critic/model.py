"""A Hugging Face token classifier with one label: what stock vLLM serves as a pooling model with a value per token."""

from __future__ import annotations

import torch
from transformers import AutoConfig, AutoModelForTokenClassification, PreTrainedModel

from .rows import IGNORED

# The linear layers of Qwen2, Qwen3, Llama and Mistral; the head is trained whole.
LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def open_model(name: str, lora_rank: int | None = None) -> PreTrainedModel:
    """A causal model with a fresh value head, or a checkpoint that has one. With `lora_rank` only adapters and the head are trained."""
    config = AutoConfig.from_pretrained(name, num_labels=1)
    config._attn_implementation = "eager"
    model = AutoModelForTokenClassification.from_pretrained(name, config=config)
    if lora_rank is None:
        return model
    from peft import LoraConfig, TaskType, get_peft_model

    return get_peft_model(model, LoraConfig(task_type=TaskType.TOKEN_CLS, r=lora_rank, lora_alpha=2 * lora_rank, target_modules=LINEAR))


def value_loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean squared error of the sigmoid of the value against the TD target, over the ends of turns alone."""
    at = labels != IGNORED
    return torch.nn.functional.mse_loss(torch.sigmoid(logits.squeeze(-1)[at].float()), labels[at])


def plain_model(model: PreTrainedModel) -> PreTrainedModel:
    """Without adapters: they are merged into the weights."""
    return model.merge_and_unload() if hasattr(model, "merge_and_unload") else model
