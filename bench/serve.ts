/**
 * `assay serve` on this machine against its own backend without it, interleaved in one run: 64 gold patches and 64 unchanged repositories graded, and 64 attempts of a scripted agent,
 * with 32 sandboxes at a time; then how long a start takes, and what the keeper holds, with hundreds of idle sandboxes.
 *
 *     npx tsx bench/serve.ts [--rounds 3] [--instances 64] [--jobs 32] [--idle 500]
 *
 * `--rounds 0` leaves the comparison out. Needs native sandboxes and `npm run build`. The server runs on the same processors as its client here, so what it costs is an upper bound. Processor time is that of
 * the client, the listener and the keeper themselves, without sandboxes: other programs of the machine disturb it little. Writes all samples to bench/results/serve.json.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import type { SandboxSpec } from '../src/contracts/index.ts';
import { createRemoteBackend } from '../src/sandbox/remote/remote-backend.ts';
import { KeyStore } from '../src/serve/keys/key-store.ts';
import { writeSampleTask } from '../test/support/sample-task.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    instances: { type: 'string', default: '64' },
    jobs: { type: 'string', default: '32' },
    idle: { type: 'string', default: '500' },
  },
});
const [rounds, instances, idle] = [Number(values.rounds), Number(values.instances), Number(values.idle)];
const { jobs } = values;
const assay = join(import.meta.dirname, '..', 'bin', 'assay.mjs');
const folder = mkdtempSync(join(tmpdir(), 'assay-bench-serve-'));
chmodSync(folder, 0o711); // the user that sandboxes run as must get in
const tasks = join(folder, 'tasks');
const home = (name: string) => {
  mkdirSync(join(folder, name), { recursive: true, mode: 0o711 });
  return join(folder, name);
};

interface Job {
  name: string;
  argv(out: string): string[];
}

const ids = Array.from({ length: instances }, (_, index) => `sums-${String(index).padStart(3, '0')}`);
for (const id of ids) writeSampleTask(tasks, id);
const script = join(folder, 'script.yaml');
const steps = ['ls', 'cat src/sum.mjs', 'node -e 1', "sed -i 's/Math.abs(value)/value/' src/sum.mjs", 'git diff'];
const replies = steps.map((command) => ({ say: 'Next.', calls: [{ tool: 'bash', input: { command } }] }));
const instanceScripts = Object.fromEntries(ids.map((id) => [id, [...replies, { say: 'Done.' }]]));
writeFileSync(script, stringify({ usdPerReply: 0.01, instances: instanceScripts }));

const JOBS: readonly Job[] = [
  { name: 'grade', argv: () => ['validate', tasks, '-j', jobs] },
  { name: 'run', argv: (out) => ['run', tasks, '-m', `scripted:${script}`, '-j', jobs, '--runs-dir', out] },
];

async function startServer(): Promise<{ child: ChildProcess; url: string; key: string; home: string }> {
  const serverHome = home('server');
  const { text } = await new KeyStore(serverHome).add({
    name: 'bench',
    scopes: ['sandboxes'],
    maxSandboxes: 10_000,
    requestsPerSecond: 100_000,
  });
  const child = spawn(process.execPath, [assay, 'serve', '--port', '0', '--max-sandboxes', String(idle + 100)], {
    env: { ...process.env, ASSAY_HOME: serverHome },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, key: text, home: serverHome, url: line.toString().replace('listening at ', '').trim() };
}

const TICKS_PER_SECOND = 100; // USER_HZ, the same on all of Linux
const CPU_POLL_MS = 20;

/** Processor seconds of a process so far, user and system, without those of its children (proc(5), stat). */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

interface Times {
  seconds: number;
  /** Of the command itself. */
  cpuSeconds: number;
}

/** What one command takes from start to end. */
async function timed(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<Times> {
  const started = performance.now();
  const child = spawn(process.execPath, [assay, ...argv], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let cpu = 0;
  const poll = setInterval(() => {
    if (child.pid !== undefined && child.exitCode === null) cpu = cpuSeconds(child.pid);
  }, CPU_POLL_MS);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-4000);
  });
  const [code] = await once(child, 'close');
  clearInterval(poll);
  if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}:\n${errors}`);
  return { seconds: (performance.now() - started) / 1000, cpuSeconds: cpu };
}

function keeperPid(home: string): number {
  const record = JSON.parse(readFileSync(join(home, 'serve', 'keeper.json'), 'utf8')) as { pid: number };
  return record.pid;
}

const median = (samples: readonly number[]) => [...samples].sort((a, b) => a - b)[samples.length >> 1] ?? Number.NaN;

function memoryOf(pid: number): { residentMegabytes: number; descriptors: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1]);
  return { residentMegabytes: kilobytes / 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length };
}

const server = await startServer();
const kinds = {
  local: { flags: [] as string[], env: { ASSAY_HOME: home('local') } },
  remote: {
    flags: ['--sandbox', 'remote'],
    env: { ASSAY_HOME: home('client'), ASSAY_SERVER: server.url, ASSAY_SERVER_KEY: server.key },
  },
};
const samples: Record<string, number[]> = {};
const cpuSamples: Record<string, { client: number; listener: number; keeper: number }[]> = {};
const keeper = keeperPid(server.home);
const serverCpu = () => ({ listener: cpuSeconds(server.child.pid ?? 0), keeper: cpuSeconds(keeper) });
try {
  // Environments are built before anything is measured.
  for (const { flags, env } of rounds > 0 ? Object.values(kinds) : [])
    await timed(['validate', tasks, '--limit', '1', ...flags], env);
  for (let round = 0; round < rounds; round++)
    for (const job of JOBS)
      for (const [kind, { flags, env }] of Object.entries(kinds)) {
        const before = serverCpu();
        const times = await timed([...job.argv(join(folder, `runs-${kind}-${round}`)), ...flags], env);
        const after = serverCpu();
        const cpu = {
          client: times.cpuSeconds,
          listener: after.listener - before.listener,
          keeper: after.keeper - before.keeper,
        };
        const name = `${job.name} ${kind}`;
        samples[name] = [...(samples[name] ?? []), times.seconds];
        cpuSamples[name] = [...(cpuSamples[name] ?? []), cpu];
        const shares = Object.entries(cpu).map(([who, seconds]) => `${who} ${seconds.toFixed(1)}`);
        console.log(`${name}: ${times.seconds.toFixed(1)} s; processor seconds: ${shares.join(', ')}`);
      }
  for (const { name } of rounds > 0 ? JOBS : []) {
    const [local, remote] = [median(samples[`${name} local`] ?? []), median(samples[`${name} remote`] ?? [])];
    console.log(
      `${name}: local ${local.toFixed(1)} s, remote ${remote.toFixed(1)} s, ratio ${(remote / local).toFixed(2)}`,
    );
  }
  const [load] = loadavg(); // of all programs of the machine: says how far the times can be trusted
  const report = {
    samples,
    cpuSamples,
    load,
    idle: await measureIdle(),
    cpus: cpus().length,
    model: cpus()[0]?.model,
    kernel: release(),
  };
  mkdirSync(join(import.meta.dirname, 'results'), { recursive: true });
  writeFileSync(join(import.meta.dirname, 'results', 'serve.json'), `${JSON.stringify(report, null, 2)}\n`);
} finally {
  server.child.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 500));
  server.child.kill('SIGTERM'); // the second one ends sandboxes that still live
  await once(server.child, 'exit');
  rmSync(folder, { recursive: true, force: true });
}

/** Starts in a row with nothing else there, and with all the idle ones. */
async function measureIdle() {
  const backend = createRemoteBackend({ url: server.url, apiKey: server.key });
  const spec: SandboxSpec = {
    base: { kind: 'host' },
    layers: [],
    limits: { memoryBytes: 2 ** 28, pids: 64, cpus: 1, diskBytes: 2 ** 26, wallSeconds: 3600 },
    network: 'none',
    env: { PATH: '/usr/bin:/bin' },
    workdir: '/testbed',
  };
  const start = async () => {
    const started = performance.now();
    const sandbox = await backend.create(spec);
    const child = await sandbox.spawn(['/bin/echo', 'hi']);
    await once(child.stdout, 'data');
    const elapsed = performance.now() - started;
    await sandbox.destroy();
    return elapsed;
  };
  const many = async () => {
    const starts: number[] = [];
    for (let n = 0; n < 21; n++) starts.push(await start());
    return starts;
  };
  const alone = { startMs: await many(), keeper: memoryOf(keeper) };
  const began = performance.now();
  let left = idle;
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (left-- > 0) await (await backend.create(spec)).spawn(['sleep', '3600']);
    }),
  );
  const fillSeconds = (performance.now() - began) / 1000;
  const among = { startMs: await many(), keeper: memoryOf(keeper), listener: memoryOf(server.child.pid ?? 0) };
  const ended = performance.now();
  await backend.close();
  const endSeconds = (performance.now() - ended) / 1000;
  console.log(
    `start: ${median(alone.startMs).toFixed(0)} ms alone, ${median(among.startMs).toFixed(0)} ms among ${idle} idle ones; keeper ${among.keeper.residentMegabytes.toFixed(0)} MB, ${among.keeper.descriptors} descriptors`,
  );
  return { count: idle, fillSeconds, endSeconds, alone, among };
}
