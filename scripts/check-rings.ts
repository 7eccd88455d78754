/**
 * Import direction: a ring may import only the rings listed for it. The longest matching folder below src/ counts.
 * Prints each forbidden import and exits 1.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const CORE = ['contracts', 'base'];
const ALLOWED: Record<string, readonly string[]> = {
  contracts: [],
  base: ['contracts'],
  stats: ['contracts'],
  agent: CORE,
  model: CORE,
  sandbox: CORE,
  'sandbox/native': [...CORE, 'sandbox'],
  'sandbox/docker': [...CORE, 'sandbox', 'sandbox/native'],
  'sandbox/kubernetes': [...CORE, 'sandbox', 'sandbox/native', 'sandbox/docker'],
  'sandbox/remote': [...CORE, 'sandbox'],
  serve: [...CORE, 'agent', 'sandbox', 'sandbox/remote', 'environment'],
  dataset: [...CORE, 'payout/manager'],
  grading: [...CORE, 'sandbox'],
  environment: [...CORE, 'sandbox', 'sandbox/docker', 'dataset', 'payout/manager'],
  store: CORE,
  share: [...CORE, 'store'],
  swebench: [...CORE, 'sandbox', 'dataset', 'grading', 'environment'],
  payout: [...CORE, 'stats', 'sandbox', 'grading', 'environment', 'dataset', 'payout/manager'],
  'payout/manager': [...CORE, 'stats'],
  run: [...CORE, 'stats', 'agent', 'model', 'sandbox', 'grading', 'environment', 'dataset', 'store', 'share'],
  select: [...CORE, 'stats', 'sandbox', 'dataset', 'grading', 'store'],
  import: [...CORE, 'store'],
  critic: [...CORE, 'stats', 'model', 'store', 'select'],
  report: [...CORE, 'stats', 'store', 'select', 'critic', 'payout', 'payout/manager'],
  view: [...CORE, 'agent', 'dataset', 'store', 'select', 'payout', 'report'],
  cli: [
    ...CORE,
    'stats',
    'agent',
    'model',
    'sandbox',
    'sandbox/native',
    'sandbox/docker',
    'sandbox/kubernetes',
    'sandbox/remote',
    'serve',
    'grading',
    'environment',
    'dataset',
    'store',
    'share',
    'run',
    'select',
    'import',
    'critic',
    'report',
    'view',
    'swebench',
    'payout',
    'payout/manager',
  ],
};

const src = resolve(import.meta.dirname, '..', 'src');

function ringOf(file: string): string | undefined {
  const path = relative(src, file).split('/').slice(0, -1);
  while (path.length > 0) {
    const name = path.join('/');
    if (name in ALLOWED) return name;
    path.pop();
  }
  return undefined;
}

let bad = 0;
for (const name of readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((entry) => entry.endsWith('.ts'))) {
  const file = join(src, name);
  const ring = ringOf(file);
  if (ring === undefined) {
    if (name.includes('/')) {
      bad++;
      console.log(`${name}: this folder is in no ring; add it to ALLOWED in scripts/check-rings.ts`);
    }
    continue;
  }
  for (const [, target = ''] of readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g)) {
    const other = ringOf(resolve(dirname(file), target));
    if (other === ring || other === undefined || (ALLOWED[ring] ?? []).includes(other)) continue;
    // Tests may use the doubles and suites below test/, and any ring they test with.
    if (name.endsWith('.test.ts')) continue;
    bad++;
    console.log(`${name}: ring ${ring} must not import ring ${other} (${target})`);
  }
}
if (bad > 0) process.exit(1);
