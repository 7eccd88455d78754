/** A Slurm of three nodes on loopback, from Debian's packages (slurm-wlm slurmctld slurmd munge), with a munge of its own. Root only, as Slurm starts jobs for others. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { type KillableServer, killableServer } from './killable-server.ts';

const NODES = ['n1', 'n2', 'n3'] as const;
const NODE_MARK = 'ASSAY_TEST_NODE';
export type SlurmNode = (typeof NODES)[number];

export function slurmProblem(): string | undefined {
  const missing = ['munged', 'slurmctld', 'slurmd', 'sbatch'].filter((name) => spawnSync(name, ['--version']).error);
  if (missing.length > 0) return `${missing.join(', ')} missing (Debian packages slurm-wlm slurmctld slurmd munge)`;
  return process.getuid?.() === 0 ? undefined : 'only root can run it';
}

export interface SlurmCluster {
  /** Runs one of its programs to its end. */
  run(program: string, args: readonly string[], env?: NodeJS.ProcessEnv): SpawnSyncReturns<string>;
  /** Ends a node with everything that runs on it, as if its power were cut. */
  cut(node: SlurmNode): Promise<void>;
  close(): Promise<void>;
}

export async function startSlurm(): Promise<SlurmCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-slurm-'));
  await chmod(folder, 0o755); // munge wants to see that nobody else writes there
  const socket = join(folder, 'munge.sock');
  await startMunge(folder, socket);
  const ports = { control: await freePort(), nodes: await Promise.all(NODES.map(() => freePort())) };
  const config = join(folder, 'slurm.conf');
  await mkdir(join(folder, 'state'));
  await writeFile(join(folder, 'cgroup.conf'), 'CgroupAutomount=no\n');
  await writeFile(config, slurmConf(folder, socket, ports));
  const env = { ...process.env, SLURM_CONF: config };
  const control = killableServer(['slurmctld', '-D', '-f', config], ports.control, { env });
  const nodes = new Map<string, KillableServer>(
    NODES.map((name, index) => [
      name,
      killableServer(['slurmd', '-D', '-N', name, '-f', config], ports.nodes[index] ?? 0, {
        env: { ...env, [NODE_MARK]: name },
      }),
    ]),
  );
  const run: SlurmCluster['run'] = (program, args, more = {}) =>
    spawnSync(program, args, { env: { ...env, ...more }, cwd: folder, encoding: 'utf8', timeout: 60_000 });
  const cut = async (node: SlurmNode) => {
    await nodes.get(node)?.kill();
    for (const pid of processesOf(node, config)) kill(pid);
  };
  const close = async () => {
    for (const node of NODES) await cut(node);
    await control.kill();
    run('munged', ['--stop', `--socket=${socket}`]);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await control.start();
    await Promise.all([...nodes.values()].map((node) => node.start()));
    await allIdle(run);
  } catch (error) {
    await close();
    throw error;
  }
  return { run, cut, close };
}

async function startMunge(folder: string, socket: string): Promise<void> {
  const key = join(folder, 'munge.key');
  await writeFile(key, randomBytes(128), { mode: 0o600 });
  const files = { 'pid-file': 'munge.pid', 'log-file': 'munge.log', 'seed-file': 'munge.seed' };
  const given = Object.entries(files).map(([name, file]) => `--${name}=${join(folder, file)}`);
  const args = ['--force', `--socket=${socket}`, `--key-file=${key}`, ...given];
  const started = spawnSync('munged', args, { encoding: 'utf8' });
  if (started.status !== 0) throw new Error(`munged: ${started.stderr}`);
}

function slurmConf(folder: string, socket: string, ports: { control: number; nodes: number[] }): string {
  const host = hostname();
  const settings = {
    ClusterName: 'test',
    SlurmctldHost: `${host}(127.0.0.1)`,
    SlurmctldPort: ports.control,
    SlurmUser: 'root',
    AuthType: 'auth/munge',
    AuthInfo: `socket=${socket}`,
    CredType: 'cred/munge',
    StateSaveLocation: join(folder, 'state'),
    SlurmdSpoolDir: join(folder, 'spool-%n'),
    SlurmctldPidFile: join(folder, 'control.pid'),
    SlurmdPidFile: join(folder, '%n.pid'),
    ProctrackType: 'proctrack/linuxproc',
    TaskPlugin: 'task/none',
    SelectType: 'select/cons_tres',
    SelectTypeParameters: 'CR_Core_Memory',
    SlurmdParameters: 'config_overrides',
    ReturnToService: 2,
    SlurmdTimeout: 10,
    SchedulerParameters: 'sched_interval=2',
  };
  const nodes = NODES.map(
    (name, index) =>
      `NodeName=${name} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${ports.nodes[index]} CPUs=20 CoresPerSocket=20 RealMemory=8000`,
  );
  return [
    ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
    ...nodes,
    `PartitionName=all Nodes=${NODES.join(',')} Default=YES State=UP`,
    '',
  ].join('\n');
}

async function allIdle(run: SlurmCluster['run']): Promise<void> {
  for (const until = Date.now() + 30_000; Date.now() < until; await sleep(200)) {
    const { stdout } = run('sinfo', ['--noheader', '--Node', '--format=%t']);
    if (stdout.trim().split(/\s+/).join(' ') === NODES.map(() => 'idle').join(' ')) return;
  }
  throw new Error('the nodes of Slurm do not come up');
}

/** Everything that a node of this cluster has started: jobs, which are told the node's name, and what watches them, which inherits from the node. */
function processesOf(node: SlurmNode, config: string): number[] {
  const marks = [`SLURMD_NODENAME=${node}`, `${NODE_MARK}=${node}`];
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const given = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0');
      return given.includes(`SLURM_CONF=${config}`) && marks.some((mark) => given.includes(mark)) ? [Number(name)] : [];
    } catch {
      return []; // gone meanwhile
    }
  });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // gone meanwhile
  }
}
