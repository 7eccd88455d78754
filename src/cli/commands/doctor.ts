import { statfs } from 'node:fs/promises';
import { cpus, freemem, release, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { assayPaths } from '../../base/paths.ts';
import type { BackendProbe } from '../../contracts/index.ts';
import { unpackingProblem } from '../../environment/oci/unpacking-problem.ts';
import { hostChromium } from '../../payout/e2e/chromium-places.ts';
import { createDockerBackend } from '../../sandbox/docker/docker-backend.ts';
import { hostBase } from '../../sandbox/host-base.ts';
import { checkHost, type HostCheck } from '../../sandbox/host-checks.ts';
import { createKubernetesBackend } from '../../sandbox/kubernetes/kubernetes-backend.ts';
import { createNativeBackend, NATIVE_TIERS } from '../../sandbox/native/native-backend.ts';
import { defineCommand } from '../flag.ts';
import { print } from '../output.ts';

const KEYS = [
  'ANTHROPIC_API_KEY',
  'OPENAI_API_KEY',
  'GOOGLE_GENERATIVE_AI_API_KEY',
  'OPENAI_COMPATIBLE_BASE_URL',
] as const;

const HOW_TO_GET: Record<string, string> = {
  python3: 'for Python tasks: install python3 and python3-venv',
  npm: 'for tasks on npm packages: comes with Node',
  git: 'needed for every task: install git',
  patch: 'lets patches with moved context apply: install patch',
  bash: 'needed for every task: install bash',
};

export const doctorCommand = defineCommand({
  name: 'doctor',
  summary: 'what works on this machine, and how to get the rest',
  description: 'Really starts a sandbox of each kind. Exits with 3 when no native one works.',
  arguments: [],
  flags: {},
  examples: [],
  async run({ flags }) {
    const paths = assayPaths();
    const tiers = await Promise.all(
      NATIVE_TIERS.map(async (tier) => {
        const backend = createNativeBackend({ paths, tier });
        const probe = await backend.probe();
        await backend.close();
        return { ...probe, tier };
      }),
    );
    const engine = createDockerBackend({ paths, patienceMs: 0 });
    const containers = await engine.probe();
    await engine.close();
    const cluster = process.env.ASSAY_KUBERNETES ? await probeCluster() : null;
    const unpacking = (await unpackingProblem()) ?? null;
    const { tools } = await hostBase();
    const chromium = await hostChromium();
    const disk = await freeDisk(paths.home);
    const keys = KEYS.filter((name) => (process.env[name] ?? '') !== '');
    const checks = await checkHost({ kernel: release(), uid: process.getuid?.(), freeDiskBytes: disk });
    const document = {
      node: process.version,
      kernel: release(),
      cpus: cpus().length,
      memoryBytes: totalmem(),
      freeMemoryBytes: freemem(),
      home: paths.home,
      freeDiskBytes: disk,
      checks,
      tiers,
      containers,
      cluster,
      unpacking,
      tools,
      chromium,
      keys,
    };
    const gigabytes = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GB`;
    const lines = [
      `node ${process.version}, kernel ${release()}, ${cpus().length} CPUs, ${gigabytes(freemem())} of ${gigabytes(totalmem())} memory free`,
      `store ${paths.home}, ${gigabytes(disk)} of disk free`,
      '',
      'machine:',
      ...checks.flatMap(checkLines),
      '',
      'sandboxes (the first that works is used):',
      ...tiers.flatMap((tier) => probeLines(tier.tier, tier)),
      '',
      'images:',
      ...probeLines('container engine', containers),
      ...(cluster === null ? [] : probeLines('Kubernetes cluster', cluster)),
      `  ${unpacking === null ? 'works' : 'no   '}  pulling without an engine${unpacking === null ? '' : `  (${unpacking})`}`,
      '',
      'programs that tasks use:',
      ...Object.entries(tools).map(([name, tool]) =>
        tool === null
          ? `  no     ${name}${HOW_TO_GET[name] === undefined ? '' : `  (${HOW_TO_GET[name]})`}`
          : `  found  ${name}  ${tool.version}  ${tool.path}`,
      ),
      chromium === null
        ? '  no     chromium  (for tasks graded in a browser: install chromium, and chromium-headless-shell, which is faster)'
        : `  found  chromium  ${chromium}`,
      '',
      `keys in the environment: ${keys.length === 0 ? `none (set one of ${KEYS.join(', ')} to run a model)` : keys.join(', ')}`,
      '',
    ];
    print(flags.json, document, lines.join('\n'));
    return tiers.some((tier) => tier.available) ? 0 : 3;
  },
});

async function probeCluster(): Promise<BackendProbe> {
  const backend = createKubernetesBackend({ patienceMs: 0 });
  const probe = await backend.probe();
  await backend.close();
  return probe;
}

function checkLines({ name, ok, found, fix }: HostCheck): string[] {
  return [`  ${ok ? 'fine ' : 'no   '}  ${name}: ${found}`, ...(fix === undefined ? [] : [`         mend it: ${fix}`])];
}

function probeLines(name: string, probe: BackendProbe): string[] {
  const limits = Object.entries(probe.limitsInForce ?? {}).map(([limit, how]) => `${limit} by ${how}`);
  return [
    `  ${probe.available ? 'works' : 'no   '}  ${name}${limits.length === 0 ? '' : `  limits: ${limits.join(', ')}`}`,
    ...probe.notes.map((note) => `         ${note}`),
  ];
}

/** Free bytes where the folder is, or will be. */
async function freeDisk(folder: string): Promise<number> {
  for (let at = folder; ; at = dirname(at)) {
    const found = await statfs(at).catch(() => undefined);
    if (found !== undefined) return found.bavail * found.bsize;
    if (at === dirname(at)) return 0;
  }
}
