/**
 * Training rows for outcome verifiers: the whole attempt as text in one message of the user, the answer YES or NO. Source of the form: SWE-Gym's outcome-supervised verifier; prompt and
 * wording are our own. Pure.
 */

import { seededRandom } from '../../stats/seeded-random.ts';
import { chatMessages } from '../chat/chat-messages.ts';
import type { GradedAttempt } from '../data/load-attempts.ts';

export interface OrmRow {
  instance_id: string;
  repo: string;
  run_id: string;
  attempt: number;
  agent: string;
  messages: { role: 'system' | 'user' | 'assistant'; content: string }[];
}

const SYSTEM =
  'You are shown how a coding agent worked on an issue, and the change that it made. Judge whether the change resolves the issue, keeps all else working, is complete, and was checked. ' +
  'Answer <judgement>YES</judgement> or <judgement>NO</judgement>.';

const SEPARATOR = '-'.repeat(100);

export function ormRow({ trajectory, agent, resolved }: GradedAttempt): OrmRow {
  const talk = chatMessages(trajectory)
    .map(({ role, content }, turn) => `turn ${turn + 1} - ${role}\n${content}`)
    .join(`\n${SEPARATOR}\n`);
  const patch = trajectory.patch.trim() === '' ? '(no change)' : trajectory.patch;
  const { instanceId, repo, runId, attempt } = trajectory;
  return {
    instance_id: instanceId,
    repo,
    run_id: runId,
    attempt,
    agent,
    messages: [
      { role: 'system', content: SYSTEM },
      { role: 'user', content: `${talk}\n${SEPARATOR}\nfinal change\n${patch}` },
      { role: 'assistant', content: `<judgement>${resolved ? 'YES' : 'NO'}</judgement>` },
    ],
  };
}

/** All resolved attempts and as many random others (all others when they are fewer), in the order in which they came. */
export function balanced(attempts: readonly GradedAttempt[], seed: number): GradedAttempt[] {
  const wanted = attempts.filter(({ resolved }) => resolved).length;
  const random = seededRandom(seed);
  const others = attempts
    .filter(({ resolved }) => !resolved)
    .map((attempt) => ({ attempt, key: random.uniform() }))
    .sort((a, b) => a.key - b.key)
    .slice(0, wanted)
    .map(({ attempt }) => attempt);
  const kept = new Set(others);
  return attempts.filter((attempt) => attempt.resolved || kept.has(attempt));
}
