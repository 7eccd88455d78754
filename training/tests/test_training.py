"""On CPU with a tiny random model: nothing is downloaded."""

import json
import random
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForTokenClassification, AutoTokenizer, PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from assay_critic.collate import collate
from assay_critic.evaluate import auc, best_of, scores
from assay_critic.rows import IGNORED, Row, TokenRow, pack, read_rows, tokenize
from assay_critic.train import Settings, train


def chat(*turns: str) -> tuple[str, list[int]]:
    text, ends = "<|im_start|>user\nQ<|im_end|>\n", []
    for turn in turns:
        text += f"<|im_start|>assistant\n{turn}"
        ends.append(len(text))
        text += "<|im_end|>\n"
    return text, ends


def write_rows(path: Path, count: int, seed: int) -> None:
    """Turns of resolved attempts end with a plus, those of the others with a minus: there is something to learn."""
    choose = random.Random(seed)
    with path.open("w", encoding="utf-8") as out:
        for at in range(count):
            resolved = choose.random() < 0.5
            mark = "+" if resolved else "-"
            text, ends = chat(f"look{mark}", f"done{mark}")
            labels = [0.99, 1.0] if resolved else [0.0, 0.0]
            record = {"instance_id": f"i{at // 2}", "run_id": "r", "resolved": resolved, "text": text, "turn_ends": ends, "labels": labels}
            out.write(json.dumps(record) + "\n")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Path:
    """A causal model of two small layers with a byte tokenizer that knows the marks of ChatML."""
    folder = tmp_path_factory.mktemp("tiny")
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: at for at, letter in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<|endoftext|>")
    fast.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    fast.save_pretrained(folder)
    torch.manual_seed(1)
    config = Qwen2Config(vocab_size=len(fast), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2)
    Qwen2ForCausalLM(config).save_pretrained(folder)
    return folder


def test_labels_land_on_the_end_tokens(tiny):
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    text, ends = chat("über 🙂", "done")
    tokens = tokenize(Row("i", "r", True, text, ends, [0.99, 1.0]), tokenizer, 1000)
    at = [index for index, label in enumerate(tokens.labels) if label != IGNORED]
    assert [tokens.labels[index] for index in at] == [0.99, 1.0]
    assert {tokens.input_ids[index] for index in at} == {tokenizer.convert_tokens_to_ids("<|im_end|>")}
    assert tokenizer.decode(tokens.input_ids) == text


def test_long_rows_lose_their_beginning_and_a_wrong_end_is_refused(tiny):
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    text, ends = chat("a" * 50, "b")
    short = tokenize(Row("i", "r", True, text, ends, [0.99, 1.0]), tokenizer, 10)
    assert len(short.input_ids) == 10
    assert [label for label in short.labels if label != IGNORED] == [1.0]
    with pytest.raises(ValueError, match="within a token"):
        tokenize(Row("i", "r", True, text, [ends[0] + 1], [1.0]), tokenizer, 1000)


def test_packed_rows_give_the_values_they_give_alone(tiny):
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    rows = [tokenize(Row("i", "r", True, *chat(word), [1.0]), tokenizer, 1000) for word in ("one", "another", "x")]
    groups = pack(rows, 100)
    assert sorted(len(row.input_ids) for group in groups for row in group) == sorted(len(row.input_ids) for row in rows)
    model = AutoModelForTokenClassification.from_pretrained(tiny, num_labels=1, attn_implementation="eager").eval()
    with torch.no_grad():
        alone = torch.cat([values(model, [[row]]) for group in groups for row in group])
        packed = torch.cat([values(model, [group]) for group in groups])
    assert torch.allclose(alone, packed, atol=1e-5)


def values(model, groups: list[list[TokenRow]]) -> torch.Tensor:
    batch = collate(groups, 0)
    labels = batch.pop("labels")
    return model(**batch).logits.squeeze(-1)[labels != IGNORED]


def test_training_lowers_the_loss_resumes_and_reloads(tiny, tmp_path):
    data, held, out = tmp_path / "td.jsonl", tmp_path / "held.jsonl", tmp_path / "critic"
    write_rows(data, 64, 1)
    write_rows(held, 24, 2)
    settings = Settings(str(tiny), str(data), str(out), str(held), max_tokens=256, max_steps=30, learning_rate=1e-2, batch=4, accumulate=1, save_steps=10)
    report = train(settings)
    losses = report["losses"]
    assert sum(losses[-5:]) < 0.5 * sum(losses[:5])
    assert report["evaluation"]["auc"] > 0.95
    tokenizer = AutoTokenizer.from_pretrained(out)
    model = AutoModelForTokenClassification.from_pretrained(out, attn_implementation="eager")
    assert model.config.num_labels == 1
    assert model.config.architectures == ["Qwen2ForTokenClassification"]
    rows = [tokenize(row, tokenizer, 256) for row in read_rows(held)]
    again = auc(scores(model, rows, 0), [row.row.resolved for row in rows])
    assert again == pytest.approx(report["evaluation"]["auc"])
    longer = train(Settings(**{**vars(settings), "max_steps": 35}))
    assert longer["resumed"] and longer["steps"] == 35


def test_lora_trains_and_saves_a_plain_model(tiny, tmp_path):
    pytest.importorskip("peft", reason="peft is not installed")
    data, out = tmp_path / "td.jsonl", tmp_path / "critic"
    write_rows(data, 16, 1)
    train(Settings(str(tiny), str(data), str(out), max_tokens=256, max_steps=2, lora_rank=4, batch=4, accumulate=1))
    assert AutoModelForTokenClassification.from_pretrained(out).config.num_labels == 1


def test_metrics_by_hand():
    assert auc([0.9, 0.5, 0.5, 0.1], [True, False, True, False]) == 0.875
    assert auc([1.0], [True]) is None
    rows = [TokenRow(Row(instance, "r", resolved, "", [], []), [], []) for instance, resolved in (("a", True), ("a", False), ("b", False), ("b", True))]
    assert best_of([0.9, 0.1, 0.9, 0.1], rows) == {"critic": 0.5, "random": 0.5, "oracle": 1.0}
