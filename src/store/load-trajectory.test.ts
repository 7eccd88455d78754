import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventMaker, manifestOf, replyOf } from '../../test/support/run-fixtures.ts';
import { createRun } from './file-run-store.ts';
import { loadRunRecord } from './load-run-record.ts';
import { loadTrajectory } from './load-trajectory.ts';

test('a resumed attempt is one conversation: each step once, with what the model saw', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'assay-trajectory-'));
  try {
    const run = await createRun(folder, manifestOf('r', ['one']));
    const make = eventMaker('one');
    const calls = replyOf('', {
      message: {
        role: 'assistant',
        content: ['a', 'b'].map((id) => ({ type: 'tool-call' as const, id, name: 'bash', input: { command: 'ls' } })),
      },
    });
    const firstMessage = { role: 'user', content: [{ type: 'text', text: 'Mend it.' }] };
    const totals = { steps: 2, usage: calls.usage, usd: 0.5, unknownCosts: 0, wallMs: 1, workingMs: 1 };
    for (const event of [
      make.start(),
      { type: 'prompt-start', at: '', instanceId: 'one', attempt: 1, system: 'Be brief.', firstMessage } as const,
      make.reply(1, calls),
      make.result(1, 'a', 'files'),
      make.result(1, 'b', 'more files'),
      make.resume(2),
      make.result(1, 'a', 'other files', 'different'),
      make.reply(2, replyOf('Done.')),
      make.end(totals),
    ])
      await run.append(event);
    await run.writeArtifact({ instanceId: 'one', attempt: 1 }, 'patch.diff', 'the patch');
    await run.close();
    const record = await loadRunRecord(run.dir);
    const [attempt] = record.attempts;
    if (attempt === undefined) throw new Error('no attempt');
    const trajectory = await loadTrajectory(record, attempt);
    expect(trajectory).toMatchObject({ runId: 'r', instanceId: 'one', attempt: 1, repo: 'repo', system: 'Be brief.' });
    expect(trajectory.patch).toBe('the patch');
    expect(trajectory.messages.map((message) => message.role)).toEqual(['user', 'assistant', 'tool', 'assistant']);
    expect(trajectory.messages[2]).toEqual({
      role: 'tool',
      results: ['files', 'more files'].map((text, i) => ({
        callId: 'ab'[i],
        name: 'bash',
        content: [{ type: 'text', text }],
        isError: false,
      })),
    });
    expect(trajectory.outcome?.status).toBe('done');
    expect(trajectory).not.toHaveProperty('report');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
