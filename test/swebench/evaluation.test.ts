/** Evaluation in real sandboxes with real pytest: verdicts, cheats, resuming. */

import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import { type BuiltEnvironment, sandboxLimitsSchema } from '../../src/contracts/index.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import type { ImageAsset, Prediction, SwebenchInstance } from '../../src/swebench/contracts.ts';
import type { EvaluationSettings } from '../../src/swebench/evaluation/evaluate-instance.ts';
import { type EvaluationEvent, evaluatePredictions } from '../../src/swebench/evaluation/evaluate-predictions.ts';
import { openKnownDurations } from '../../src/swebench/evaluation/known-durations.ts';
import { gradeLog } from '../../src/swebench/grading/grade-log.ts';
import { packageIndexProblem } from '../support/package-index.ts';
import { describeRequiring } from '../support/requirements.ts';
import { ToyRepository, toyEnvironment, toyInstance } from '../support/toy-instance.ts';
import { CHEATS, HONEST_WITH_EXTRAS } from './cheats.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-evaluation-'));
chmodSync(home, 0o711);
const backend = createNativeBackend({ paths: assayPaths(join(home, 'store')) });
const probe = await backend.probe();
const problem = probe.available ? await packageIndexProblem() : probe.notes.join(' ');
const { signal } = new AbortController();

afterAll(async () => {
  await backend.close();
  rmSync(home, { recursive: true, force: true });
});

describeRequiring('sandboxes', problem, 'SWE-bench evaluation', () => {
  const repository = new ToyRepository();
  const instance = toyInstance(repository);
  let environment: BuiltEnvironment;
  let runs = 0;
  beforeAll(async () => {
    environment = await toyEnvironment(backend, repository);
  }, 300_000);
  afterAll(() => repository.remove());

  const settings = {
    backend,
    limits: sandboxLimitsSchema.parse({}),
    network: 'none',
    compat: 5,
    strict: true,
    timeoutSeconds: 120,
    gradeLog,
    assetCache: join(home, 'assets'),
  } as const;
  const evaluate = async (
    patches: Readonly<Record<string, string | null>>,
    own: Partial<Omit<EvaluationSettings, 'reportText' | 'signal'>> = {},
    more: { runId?: string; script?: string; assets?: ImageAsset[] } = {},
  ) => {
    const instances: SwebenchInstance[] = Object.keys(patches).map((instance_id) => ({
      ...instance,
      instance_id,
      ...(more.script === undefined ? {} : { eval_script: more.script }),
      ...(more.assets === undefined ? {} : { image_assets: { test_patch: more.assets, patch: [] } }),
    }));
    const predictions = new Map<string, Prediction>(
      Object.entries(patches).map(([instance_id, model_patch]) => [
        instance_id,
        { instance_id, model_patch, model_name_or_path: 'org/m' },
      ]),
    );
    const events: EvaluationEvent[] = [];
    const summary = await evaluatePredictions({
      instances,
      predictions,
      instanceIds: [],
      runId: more.runId ?? `run-${++runs}`,
      root: home,
      reportDir: home,
      dataset: { name: 'toy', split: 'test' },
      jobs: 2,
      environments: { digest: async () => environment.digest, ensure: async () => environment },
      settings: { ...settings, ...own },
      durations: await openKnownDurations(join(home, 'durations.json')),
      pausing: () => false,
      signal,
      observe: (event) => events.push(event),
    });
    const started = events.flatMap((event) => (event.type === 'start' ? event.instanceId : [])).sort();
    return { ...summary, started };
  };

  test('gold resolves, nothing and rubbish do not; files and lists are those of the reference', async () => {
    const { report, records, reportPath } = await evaluate({
      gold: instance.patch,
      useless: repository.patch({ 'README.md': 'x\n' }),
      rubbish: 'no patch',
      empty: '',
      none: null,
    });
    expect(report).toMatchObject({
      resolved_ids: ['gold'],
      unresolved_ids: ['useless'],
      error_ids: ['rubbish'],
      empty_patch_ids: ['empty', 'none'],
    });
    expect(records.find((one) => one.instanceId === 'gold')).toMatchObject({
      verdict_compat: true,
      verdict_strict: true,
      reason: null,
    });
    expect(reportPath).toBe(join(home, `org__m.run-${runs}.json`));
    const log = readFileSync(join(home, `logs/run_evaluation/run-${runs}/org__m/rubbish/run_instance.log`), 'utf8');
    expect(log).toMatch(/ - ERROR - >>>>> Patch Apply Failed:/);
  }, 120_000);

  test('finished work is not done again; a changed patch, a timeout and a failed patch are', async () => {
    const first = await evaluate({ a: instance.patch, b: 'rubbish' }, { strict: false }, { runId: 'again' });
    expect(first.started).toEqual(['a', 'b']);
    const second = await evaluate({ a: instance.patch, b: 'rubbish' }, { strict: false }, { runId: 'again' });
    expect([second.started, second.report]).toEqual([['b'], first.report]);
    const changed = await evaluate(
      { a: repository.patch({ 'x.txt': '1\n' }), b: 'rubbish' },
      { strict: false },
      { runId: 'again' },
    );
    expect([changed.started, changed.report.resolved_ids]).toEqual([['a', 'b'], []]);
    const slow = await evaluate(
      { a: instance.patch },
      { strict: false, timeoutSeconds: 1 },
      { script: 'echo started\nsleep 60 & sleep 60\n' },
    );
    expect(slow.results[0]?.outcome).toBe('timeout');
    expect(slow.results[0]?.seconds).toBeLessThan(20);
  }, 120_000);

  test('pictures of a row lie in the work tree when the tests begin; one that cannot be had is no verdict', async () => {
    const server = createServer((request, reply) => {
      if (request.url === '/expected.png') reply.end('picture');
      else reply.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const asset = (name: string) => ({ path: 'tests/pics/expected.png', url: `http://127.0.0.1:${port}/${name}` });
    const script =
      "set -x\ncd /testbed\n: '>>>>> Start Test Output'\ncat tests/pics/expected.png\n: '>>>>> End Test Output'\n";
    const own = { strict: false };
    await evaluate({ a: instance.patch }, own, { script, assets: [asset('expected.png')] });
    const folder = join(home, `logs/run_evaluation/run-${runs}/org__m/a`);
    expect(readFileSync(join(folder, 'test_output.txt'), 'utf8')).toMatch(/Start Test Output'\n[^\n]*\npicture/);
    expect(readFileSync(join(folder, 'image_assets/tests__pics__expected.png'), 'utf8')).toBe('picture');
    server.close();
    // Kept from before; what is not there says nothing about the patch.
    const again = await evaluate({ a: instance.patch }, own, { script, assets: [asset('expected.png')] });
    expect(again.results[0]?.outcome).not.toBe('failed');
    const missing = await evaluate({ a: instance.patch }, own, {
      script,
      assets: [{ path: 'x.png', url: 'file:///x' }],
    });
    expect(missing.results[0]).toMatchObject({ outcome: 'failed', failure: { class: 'infra', retryable: true } });
  }, 120_000);

  test('what a solution touches besides does not count against it', async () => {
    const { records } = await evaluate({ a: repository.patch(HONEST_WITH_EXTRAS) });
    expect(records[0]).toMatchObject({ verdict_strict: true, restoredFiles: ['conftest.py'] });
  }, 60_000);

  test('no cheat resolves; the record says which would have under the rules of the reference', async () => {
    const { records, report } = await evaluate(
      Object.fromEntries(CHEATS.map((cheat) => [cheat.name, repository.patch(cheat.files)])),
    );
    const verdicts = new Map(
      records.map((one) => [one.instanceId, { strict: one.verdict_strict, compatible: one.verdict_compat }]),
    );
    expect(report.resolved_ids).toEqual([]);
    const unexpected = CHEATS.filter(({ name, compatible }) => {
      const verdict = verdicts.get(name);
      return verdict?.strict !== false || (compatible !== 'by chance' && verdict.compatible !== compatible);
    });
    expect(unexpected.map(({ name }) => [name, verdicts.get(name)])).toEqual([]);
    for (const one of records) if (one.verdict_compat) expect(one.reason, one.instanceId).not.toBeNull();
  }, 600_000);

  test('a patch that makes git look elsewhere is not believed, whatever the tests say', async () => {
    const config =
      'diff --git a/.git/config b/.git/config\n--- a/.git/config\n+++ b/.git/config\n@@ -1 +1,2 @@\n [core]\n+\tworktree = /tmp\n';
    const { records } = await evaluate({ a: `${instance.patch}\n${config}` });
    expect(records[0]).toMatchObject({ verdict_strict: false, reason: expect.stringMatching(/\.git folder/) });
  }, 60_000);
});
