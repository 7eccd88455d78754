/**
 * A process that runs or resumes ten small tasks: real store, scheduler, agent, provider model and courier; sandboxes are folders of the host.
 * Arguments: `run` or `resume`, folder of runs, run id, base URL of the model server. Prints the record as JSON.
 */
import { join } from 'node:path';
import { createTwoToolAgent } from '../../src/agent/two-tool-agent.ts';
import { startOrAttachCourier } from '../../src/model/courier/courier-client.ts';
import { openModel } from '../../src/model/open-model.ts';
import { openPriceBook } from '../../src/model/prices/price-book.ts';
import { runAll } from '../../src/run/run-all.ts';
import { createRun, openRun } from '../../src/store/file-run-store.ts';
import { environments, gradeByComparing, HostBackend, instanceOf, portsOf } from '../support/run-doubles.ts';
import { manifestOf } from '../support/run-fixtures.ts';
import { KILL_STEPS, KILL_TASKS } from './kill-tasks.ts';

const [mode, runsDir = '', runId = '', baseUrl = ''] = process.argv.slice(2);
const reference = 'anthropic/claude-sonnet-4-5';
const agent = createTwoToolAgent();
const run =
  mode === 'run'
    ? await createRun(
        runsDir,
        manifestOf(runId, KILL_TASKS, {
          agent: { name: agent.name, digest: agent.digest },
          model: { id: reference, parameters: {} },
          limits: { steps: 50, wallSeconds: 600, commandSeconds: 30 },
        }),
      )
    : await openRun(join(runsDir, runId));
const courier = await startOrAttachCourier(join(run.dir, 'courier'));
const model = await openModel(reference, {
  prices: await openPriceBook(),
  courier: async () => courier,
  env: { ANTHROPIC_API_KEY: 'key' },
  baseUrl,
});
const backend = new HostBackend();
const gold: typeof environments = {
  ...environments,
  gold: async ({ instanceId }) => `${instanceId}\n`.repeat(KILL_STEPS),
};
const record = await runAll({
  run,
  instances: KILL_TASKS.map(instanceOf),
  jobs: 2,
  ports: portsOf(model, backend, {
    agent,
    environments: gold,
    gradeAttempt: (input) => gradeByComparing(input, gold),
  }),
});
courier.close();
await run.close();
process.stdout.write(JSON.stringify(record));
