/** A process that grades fifty small instances. Arguments: folder, run id. Prints `start ID` and `end ID` lines. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assayPaths } from '../../src/base/paths.ts';
import { type BuiltEnvironment, sandboxLimitsSchema } from '../../src/contracts/index.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import type { SwebenchInstance } from '../../src/swebench/contracts.ts';
import { evaluatePredictions } from '../../src/swebench/evaluation/evaluate-predictions.ts';
import { openKnownDurations } from '../../src/swebench/evaluation/known-durations.ts';
import { gradeLog } from '../../src/swebench/grading/grade-log.ts';
import { goldPredictions } from '../../src/swebench/predictions/load-predictions.ts';

const [folder = '', runId = ''] = process.argv.slice(2);
const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const environment = read('environment.json') as BuiltEnvironment;
const instances = read('instances.json') as SwebenchInstance[];
const backend = createNativeBackend({ paths: assayPaths(join(folder, 'store')) });
await evaluatePredictions({
  instances,
  predictions: goldPredictions(instances),
  instanceIds: [],
  runId,
  root: folder,
  reportDir: folder,
  dataset: { name: 'toy', split: 'test' },
  jobs: 2,
  environments: { digest: async () => environment.digest, ensure: async () => environment },
  settings: {
    backend,
    limits: sandboxLimitsSchema.parse({}),
    network: 'none',
    compat: 5,
    strict: false,
    timeoutSeconds: 60,
    gradeLog,
    assetCache: join(folder, 'assets'),
  },
  durations: await openKnownDurations(join(folder, 'durations.json')),
  pausing: () => false,
  signal: new AbortController().signal,
  observe: (event) => {
    if (event.type === 'start') process.stdout.write(`start ${event.instanceId}\n`);
    if (event.type === 'end') process.stdout.write(`end ${event.result.instanceId} ${event.result.outcome}\n`);
  },
});
await backend.close();
