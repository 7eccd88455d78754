/** The tasks of the kill test, and what the model server says to them. */
import type { Behaviour, SeenRequest } from '../support/fake-model-server/fake-model-server.ts';

export const KILL_TASKS = Array.from({ length: 10 }, (_, index) => `task-${index}`);
/** Commands per task; one more reply ends it. */
export const KILL_STEPS = 6;
const LATENCY_MS = 150;

/** Answers by what the request says: the task in the first message, the step by the number of earlier replies. One task gives up half-way. */
export function behave({ body }: Pick<SeenRequest, 'body'>): Behaviour {
  const messages = body.messages as { role: string; content: unknown }[];
  const instanceId = /Solve (task-\d+)\./.exec(JSON.stringify(messages[0]))?.[1] ?? 'unknown';
  const step = messages.filter((message) => message.role === 'assistant').length + 1;
  const last = instanceId === 'task-7' ? KILL_STEPS / 2 : KILL_STEPS;
  const usage = { uncached: 10 * step, cacheRead: 100, cacheWrite: 5, output: 7 };
  if (step > last) return { kind: 'reply', delayMs: LATENCY_MS, text: `${instanceId} is done.`, usage };
  const input = { command: `echo ${instanceId} >> answer.txt; echo step ${step} of $(wc -l < answer.txt)` };
  return {
    kind: 'reply',
    delayMs: LATENCY_MS,
    calls: [{ name: 'bash', input, id: `toolu_${instanceId}_${step}` }],
    usage,
  };
}
