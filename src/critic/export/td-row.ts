/**
 * Training rows for critics with a value per turn: the conversation as ChatML text, where each assistant turn ends, and its TD target. Pure.
 * Documented in docs/critics.md; read by `training/`.
 */

import { chatMessages } from '../chat/chat-messages.ts';
import { qwen25Text } from '../chat/qwen25-text.ts';
import type { GradedAttempt } from '../data/load-attempts.ts';
import { tdTargets } from '../embedded/td-targets.ts';

export interface TdRow {
  instance_id: string;
  repo: string;
  run_id: string;
  attempt: number;
  agent: string;
  resolved: boolean;
  /** ChatML, as the tokenizer's template of Qwen2.5 renders it. */
  text: string;
  /** Per assistant turn: offset of the `<|im_end|>` that closes it, in Unicode code points of `text`, as tokenizers count. */
  turn_ends: number[];
  /** Per assistant turn: gamma^(T - t) * outcome. */
  labels: number[];
}

export interface TokenRow extends TdRow {
  /** Byte tokens: UTF-8 bytes as 0 .. 255, `<|im_start|>` 256, `<|im_end|>` 257. */
  input_ids: number[];
  /** Per token: the target at the end of an assistant turn, else 0. */
  token_labels: number[];
  /** Per token: 1 where the loss counts, which is where an assistant turn ends. */
  loss_mask: number[];
}

export const BYTE_IM_START = 256;
export const BYTE_IM_END = 257;

export function tdRow({ trajectory, agent, resolved }: GradedAttempt, gamma: number): TdRow {
  const { text, turns } = qwen25Text(chatMessages(trajectory));
  const { instanceId, repo, runId, attempt } = trajectory;
  return {
    instance_id: instanceId,
    repo,
    run_id: runId,
    attempt,
    agent,
    resolved,
    text,
    turn_ends: codePointOffsets(
      text,
      turns.map(({ end }) => end),
    ),
    labels: tdTargets(turns.length, resolved, gamma),
  };
}

/** The same row as tokens of a vocabulary that needs no file: for small models and for checking masks. */
export function withByteTokens(row: TdRow): TokenRow {
  const input: number[] = [];
  const starts = new Map<number, number>();
  const points = [...row.text];
  const text = row.text;
  let [offset, point] = [0, 0];
  while (offset < text.length) {
    const mark = text.startsWith('<|im_start|>', offset)
      ? BYTE_IM_START
      : text.startsWith('<|im_end|>', offset)
        ? BYTE_IM_END
        : null;
    starts.set(point, input.length);
    if (mark !== null) {
      const length = mark === BYTE_IM_START ? '<|im_start|>'.length : '<|im_end|>'.length;
      input.push(mark);
      offset += length;
      point += length;
      continue;
    }
    const character = points[point] ?? '';
    input.push(...Buffer.from(character, 'utf8'));
    offset += character.length;
    point++;
  }
  const labels = input.map(() => 0);
  const mask = input.map(() => 0);
  row.turn_ends.forEach((end, turn) => {
    const token = starts.get(end);
    if (token === undefined) return;
    labels[token] = row.labels[turn] ?? 0;
    mask[token] = 1;
  });
  return { ...row, input_ids: input, token_labels: labels, loss_mask: mask };
}

/** UTF-16 offsets, ascending, as counts of code points. */
function codePointOffsets(text: string, offsets: readonly number[]): number[] {
  const counts: number[] = [];
  let [at, points] = [0, 0];
  for (const offset of offsets) {
    while (at < offset) {
      at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
      points++;
    }
    counts.push(points);
  }
  return counts;
}
