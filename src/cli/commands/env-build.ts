import { type BuiltEnvironment, type TaskInstance, toFailure } from '../../contracts/index.ts';
import { filterInstances } from '../../dataset/filter-instances.ts';
import { loadDataset } from '../../dataset/load-dataset.ts';
import { type Engine, openEngine } from '../compose.ts';
import { defineCommand } from '../flag.ts';
import { withInterrupt } from '../interrupt.ts';
import { print } from '../output.ts';
import { FILTER_FLAGS, filterOf, TASK_SET } from '../run-flags.ts';
import { SANDBOX_FLAGS, withImage } from '../sandbox-flags.ts';

export const envBuildCommand = defineCommand({
  name: 'env build',
  summary: 'build the environments of a dataset ahead, so that no run waits for them',
  arguments: [TASK_SET],
  flags: {
    jobs: { kind: 'integer', short: 'j', min: 1, default: 2, placeholder: 'n', help: 'builds at a time' },
    ...SANDBOX_FLAGS,
    ...FILTER_FLAGS,
  },
  examples: ['assay env build tasks/registry -j 4', "assay env build tasks/starter -i 'shelf-*' --image python:3.12"],
  async run({ args, flags }) {
    const dataset = withImage(filterInstances(await loadDataset(args[0] ?? ''), filterOf(flags)), flags.image);
    const engine = await openEngine(flags);
    try {
      const say = (line: string) => (flags.quiet ? undefined : process.stderr.write(`${line}\n`));
      const results = await withInterrupt((signal) =>
        buildAll(engine, dataset.instances, { jobs: flags.jobs, signal, say }),
      );
      const rows = results.map(({ instanceId, environment, failure }) =>
        failure === undefined
          ? `  ${instanceId.padEnd(24)} ${environment?.cached ? 'was there' : `built in ${((environment?.buildMs ?? 0) / 1000).toFixed(1)} s`}\n`
          : `  ${instanceId.padEnd(24)} failed: ${failure.message} [${failure.code}]\n`,
      );
      print(flags.json, results, rows.join(''));
      return results.every((one) => one.failure === undefined) ? 0 : 3;
    } finally {
      await engine.close();
    }
  },
});

interface Result {
  instanceId: string;
  environment?: BuiltEnvironment;
  failure?: ReturnType<typeof toFailure>;
}

/** In the order of the instances. One that fails keeps no other from being built. */
async function buildAll(
  { environments }: Engine,
  instances: readonly TaskInstance[],
  { jobs, signal, say }: { jobs: number; signal: AbortSignal; say: (line: string) => void },
): Promise<Result[]> {
  const results: Result[] = instances.map(({ instanceId }) => ({ instanceId }));
  const queue = [...instances.entries()];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined && !signal.aborted; next = queue.shift()) {
      const [i, instance] = next;
      const { instanceId } = instance;
      results[i] = await environments
        .ensure(instance, signal, (line) => say(`${instanceId}: ${line}`))
        .then(
          (environment) => ({ instanceId, environment }),
          (error: unknown) => ({ instanceId, failure: toFailure(error) }),
        );
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  signal.throwIfAborted();
  return results;
}
