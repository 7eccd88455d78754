import { pipeline } from 'node:stream/promises';
import { AssayError, type Sandbox, type SandboxSpec, sandboxLimitsSchema } from '../../contracts/index.ts';
import { filterInstances } from '../../dataset/filter-instances.ts';
import { loadDataset } from '../../dataset/load-dataset.ts';
import { imageEnvironmentBase } from '../../environment/environment-base.ts';
import { exec } from '../../sandbox/exec.ts';
import { type Engine, openEngine } from '../compose.ts';
import { defineCommand } from '../flag.ts';
import { print } from '../output.ts';
import { SANDBOX_FLAGS, withImage } from '../sandbox-flags.ts';

export const envShellCommand = defineCommand({
  name: 'env shell',
  summary: 'a shell in a fresh sandbox of a task, as an agent finds it, or of an image',
  description:
    'What is done in the sandbox is gone at its end. Commands may also come from a pipe. Exits with 1 when the shell does not end with 0.',
  arguments: [
    { name: 'dataset', help: 'a set of tasks; none: only the image', count: 'optional' },
    { name: 'instance', help: 'which task of the set', count: 'optional' },
  ],
  flags: {
    command: { kind: 'string', short: 'c', placeholder: 'text', help: 'run this instead of a shell' },
    network: { kind: 'boolean', help: "with the host's network" },
    ...SANDBOX_FLAGS,
  },
  examples: [
    'assay env shell tasks/starter shelf-short-pages',
    "assay env shell --image debian:12 -c 'cat /etc/os-release'",
  ],
  async run({ args, flags }) {
    const engine = await openEngine(flags);
    try {
      const spec = await specOf(engine, args, flags.image);
      const sandbox = await engine.backend.create({ ...spec, network: flags.network ? 'host' : 'none' });
      try {
        if (flags.json) return await report(sandbox, flags.command);
        const code = await attach(sandbox, flags.command);
        return code === 0 ? 0 : 1;
      } finally {
        await sandbox.destroy();
      }
    } finally {
      await engine.close();
    }
  },
});

async function specOf(engine: Engine, args: readonly string[], image: string | undefined): Promise<SandboxSpec> {
  const common = { limits: sandboxLimitsSchema.parse({}), network: 'none', labels: { purpose: 'shell' } } as const;
  const { signal } = new AbortController();
  const [name, id] = args;
  if (name === undefined) {
    if (image === undefined) throw usage('env shell needs a task or --image');
    const { base, path, home, env, workdir } = await imageEnvironmentBase(image, engine.backend, signal);
    return { ...common, base, layers: [], env: { ...env, PATH: path, HOME: home }, workdir };
  }
  if (id === undefined) throw usage('env shell needs the name of an instance after the set');
  const { instances } = withImage(filterInstances(await loadDataset(name), { instances: [id] }), image);
  const [instance] = instances;
  if (instance === undefined || instances.length > 1) throw usage(`${id} names ${instances.length} instances`);
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const { base, layers, env, workdir } = await engine.environments.ensure(instance, signal, say);
  return { ...common, base, layers, env, workdir };
}

/** The command without a terminal or input, and how it ended as one document. */
async function report(sandbox: Sandbox, command: string | undefined): Promise<0 | 1> {
  if (command === undefined) throw usage('env shell --json needs a command: a shell in a terminal is no document');
  const result = await exec(sandbox, ['bash', '-c', command]);
  const { exitCode, signal } = result;
  print(true, { exitCode, signal, stdout: result.stdout.toString(), stderr: result.stderr.toString() }, '');
  return exitCode === 0 ? 0 : 1;
}

/** Joins this process's terminal or pipes with a shell inside; its exit code, null after a signal. */
async function attach(sandbox: Sandbox, command: string | undefined): Promise<number | null> {
  const { stdin, stdout } = process;
  const interactive = command === undefined && stdin.isTTY === true && stdout.isTTY === true;
  const script = interactive ? TERMINAL : command;
  const argv = script === undefined ? ['bash'] : ['bash', '-c', script];
  const env = interactive ? terminalEnv(stdout) : {};
  const child = await sandbox.spawn(argv, { env, stderr: interactive ? 'merge' : 'separate' });
  if (interactive) stdin.setRawMode(true);
  stdin.pipe(child.stdin);
  try {
    await Promise.all([
      pipeline(child.stdout, stdout, { end: false }),
      pipeline(child.stderr, process.stderr, { end: false }),
    ]);
    return (await child.exit).code;
  } finally {
    stdin.unpipe(child.stdin);
    if (interactive) stdin.setRawMode(false);
    stdin.pause();
  }
}

/** Makes a terminal inside and runs what stands in ASSAY_SHELL there: by `script` (util-linux), without it by python3. */
const TERMINAL = `if command -v script > /dev/null; then exec script -qefc 'exec bash -c "$ASSAY_SHELL"' /dev/null; fi
exec python3 -c 'import os, pty, sys; sys.exit(pty.spawn(["bash", "-c", os.environ["ASSAY_SHELL"]]) >> 8)'`;

/** What makes a shell in a terminal of this one's size. */
function terminalEnv({ rows = 24, columns = 80 }: { rows?: number; columns?: number }): Record<string, string> {
  const shell = `unset ASSAY_SHELL; stty rows ${rows} cols ${columns}; exec bash -i`;
  return { TERM: process.env.TERM ?? 'xterm', ASSAY_SHELL: shell };
}

function usage(message: string): AssayError {
  return new AssayError('usage', message, {
    class: 'input',
    retryable: false,
    hint: 'For example: assay env shell tasks/starter shelf-short-pages',
  });
}
