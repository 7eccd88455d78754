/** A run folder of many judged attempts, written without any agent: patches in Python that repeat and differ in formatting, conversations of some length. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../src/base/digest.ts';
import type { RunEvent } from '../../src/contracts/index.ts';
import { runPaths } from '../../src/store/run-folder.ts';
import { eventMaker, manifestOf, replyOf } from './run-fixtures.ts';
import { drawWorld, type World } from './selection-world.ts';

export interface SelectionRun {
  dir: string;
  instances: number;
  attempts: number;
}

/** Writes the run below `folder`, of at most `most` instances; each conversation has `steps` replies with a result of about 1 kB. */
export function writeSelectionRun(
  folder: string,
  world: World,
  { seed = 1, most = Number.POSITIVE_INFINITY, steps = 20 } = {},
): SelectionRun {
  const instances = drawWorld(world, seed).slice(0, most);
  const manifest = manifestOf('world', [], {
    attempts: world.attempts,
    dataset: {
      name: 'world',
      reference: 'world',
      digest: 'sha256:w',
      instances: instances.map(({ instanceId, repo }) => ({ instanceId, repo, digest: `digest of ${instanceId}` })),
    },
  });
  const dir = join(folder, manifest.runId);
  const paths = runPaths(dir);
  mkdirSync(dir, { recursive: true });
  writeFileSync(paths.manifest, JSON.stringify(manifest));
  const milestones: RunEvent[] = [];
  for (const { instanceId, attempts } of instances) {
    for (const { attempt, resolved, usd, vote } of attempts) {
      const ref = { instanceId, attempt };
      const patch = vote === null ? '' : patchFor(vote, attempt);
      const make = eventMaker(instanceId, attempt);
      const totals = { steps, usage: replyOf('').usage, usd: usd ?? 0, unknownCosts: 0, wallMs: 1, workingMs: 1 };
      const end = { ...make.end(totals), patchDigest: sha256(patch), patchBytes: patch.length };
      const conversation = Array.from({ length: steps }, (_, at) => [
        make.reply(at + 1, callOf(at + 1)),
        make.result(at + 1, `call-${at + 1}`, 'a line of output\n'.repeat(60)),
      ]).flat();
      mkdirSync(paths.attempt(ref), { recursive: true });
      writeFileSync(join(paths.attempt(ref), 'patch.diff'), patch);
      const events = [make.start(), ...conversation, end, make.graded(resolved)];
      writeFileSync(paths.attemptEvents(ref), lines(events));
      milestones.push(...events.slice(0, 1), ...events.slice(-2));
    }
  }
  const at = new Date(0).toISOString();
  const runEnd: RunEvent = { type: 'run-end', at, runId: manifest.runId, status: 'completed' };
  writeFileSync(paths.events, lines([...milestones, runEnd]));
  return { dir, instances: instances.length, attempts: instances.length * world.attempts };
}

const lines = (events: readonly RunEvent[]) => events.map((event) => `${JSON.stringify(event)}\n`).join('');

function callOf(step: number) {
  const input = { command: `python -m pytest tests/test_${step}.py` };
  return replyOf('', {
    message: { role: 'assistant', content: [{ type: 'tool-call', id: `call-${step}`, name: 'bash', input }] },
    stopReason: 'tool-use',
  });
}

/** The same vote in other words for each attempt. */
function patchFor(vote: string, attempt: number): string {
  const context = Array.from({ length: 3 }, (_, at) => ` x${at} = table[${at}]`);
  const added = Array.from({ length: 20 }, (_, at) =>
    attempt % 2 === 0
      ? `+    total = add(total, "${vote}", ${at})`
      : `+    total = add( total, '${vote}', ${at} )  # step ${attempt}`,
  );
  return [
    'diff --git a/pkg/table.py b/pkg/table.py',
    'index 0000000..1111111 100644',
    '--- a/pkg/table.py',
    '+++ b/pkg/table.py',
    `@@ -10,7 +10,${6 + added.length} @@ def total(table):`,
    ...context,
    '-    total = sum(table)',
    ...added,
    ...context,
    '',
  ].join('\n');
}
