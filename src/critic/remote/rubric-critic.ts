/**
 * A critic with one probability per label, as the OpenHands rubric critic of 2026: POST `/classify` with the rendered conversation; `data[0].probs` are probabilities in the order of
 * the labels. The score is that of `success`.
 */
import { z } from 'zod';
import type { Critic, CriticScore, Trajectory } from '../../contracts/index.ts';
import { qwen3Text } from '../chat/qwen3-text.ts';
import { type CriticEndpoint, malformedReply, postJson } from './post-json.ts';

/** Versions of the label list by name: a model card may name fewer than its server gives, so the list is part of the configuration. */
export const RUBRIC_LABELS: Readonly<Record<string, readonly string[]>> = {
  'openhands-4b-v1.0': [
    'success',
    'sentiment_positive',
    'sentiment_neutral',
    'sentiment_negative',
    'misunderstood_intention',
    'did_not_follow_instruction',
    'insufficient_analysis',
    'insufficient_clarification',
    'improper_tool_use_or_setup',
    'loop_behavior',
    'insufficient_testing',
    'insufficient_debugging',
    'incomplete_implementation',
    'file_management_errors',
    'scope_creep',
    'risky_actions_or_permission',
    'other_agent_issue',
    'infrastructure_external_issue',
    'infrastructure_agent_caused_issue',
    'clarification_or_restatement',
    'correction',
    'direction_change',
    'vcs_update_requests',
    'progress_or_scope_concern',
    'frustration_or_complaint',
    'removal_or_reversion_request',
    'other_user_issue',
  ],
};

const replySchema = z.object({ data: z.array(z.object({ probs: z.array(z.number()) })).min(1) });

export interface RubricCritic extends Critic {
  /** All labels with their probabilities. Throws as `score` does. */
  rubrics(trajectory: Trajectory, signal: AbortSignal): Promise<Record<string, number>>;
}

export function rubricCritic(endpoint: CriticEndpoint, labels: readonly string[]): RubricCritic {
  const rubrics = async (trajectory: Trajectory, signal: AbortSignal) => {
    const body = { model: endpoint.model, input: qwen3Text(trajectory) };
    const reply = replySchema.safeParse(await postJson(endpoint, '/classify', body, signal));
    const probabilities = reply.data?.data[0]?.probs;
    if (probabilities === undefined)
      throw malformedReply(`the reply to /classify is not as expected: ${reply.error?.issues[0]?.message}`);
    if (probabilities.length !== labels.length) {
      throw malformedReply(
        `the server gives ${probabilities.length} probabilities, this list has ${labels.length} labels: it is of another version`,
      );
    }
    if (!probabilities.every((one) => one >= 0 && one <= 1)) throw malformedReply('a value is no probability');
    return Object.fromEntries(labels.map((label, at) => [label, probabilities[at] ?? 0]));
  };
  return {
    name: 'rubric',
    calibrated: false,
    rubrics,
    async score(trajectory, { signal }): Promise<CriticScore> {
      const { success } = await rubrics(trajectory, signal);
      if (success === undefined) throw malformedReply('the list of labels has no success');
      return { perTurn: [], final: success, cost: { kind: 'unknown' } };
    },
    close: async () => {},
  };
}
