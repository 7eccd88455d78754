/**
 * Thousands of sandboxes in a modelled cluster: what starts wait for, what the API server and the registry carry, what it costs. docs/scale.md explains the numbers.
 *
 *     npx tsx bench/scale.ts [--seed 7]
 *
 * Writes everything to bench/results/scale.json. Exits 1 when routed images on common bases are not full sooner than spread ones that share nothing.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { FLEET, type Outcome, type Scenario, simulateFleet } from './scale/fleet-model.ts';

const at = process.argv.indexOf('--seed');
const seed = Number(at < 0 ? 7 : process.argv[at + 1]);

const PLAIN = { placement: 'spread', sharedBases: false, mirror: false } as const;
const scenarios: Scenario[] = [
  ...[1_000, 5_000, 10_000].map((sandboxes) => ({ name: 'spread, images of their own', sandboxes, ...PLAIN })),
  { name: 'routed, images of their own', sandboxes: 10_000, ...PLAIN, placement: 'routed' },
  { name: 'spread, common bases', sandboxes: 10_000, ...PLAIN, sharedBases: true },
  { name: 'routed, common bases', sandboxes: 10_000, ...PLAIN, placement: 'routed', sharedBases: true },
  { name: 'routed, common bases, mirror', sandboxes: 10_000, placement: 'routed', sharedBases: true, mirror: true },
];

const outcomes = scenarios.map((scenario) => ({ scenario, outcome: simulateFleet(scenario, seed) }));
console.log(
  'sandboxes | scenario | full after | all done | use | registry | disk | writes/s | reconnected | cents per sandbox-hour',
);
for (const { scenario, outcome } of outcomes) console.log(row(scenario, outcome));
mkdirSync('bench/results', { recursive: true });
writeFileSync('bench/results/scale.json', `${JSON.stringify({ seed, fleet: FLEET, outcomes }, null, 2)}\n`);

const full = (name: string) =>
  outcomes.find(({ scenario }) => scenario.sandboxes === 10_000 && scenario.name === name)?.outcome.secondsToFull ??
  Number.POSITIVE_INFINITY;
process.exitCode = full('routed, common bases') < full('spread, images of their own') ? 0 : 1;

function row({ sandboxes, name }: Scenario, outcome: Outcome): string {
  const minutes = (seconds: number | null) => (seconds === null ? 'never' : `${(seconds / 60).toFixed(1)} min`);
  return [
    sandboxes,
    name,
    minutes(outcome.secondsToFull),
    minutes(outcome.secondsInAll),
    `${(100 * outcome.use).toFixed(0)} %`,
    `${outcome.registryTerabytes.toFixed(2)} TB`,
    `${outcome.nodeDiskGigabytes.toFixed(0)} GB`,
    `${outcome.peakWritesPerSecond} peak, ${outcome.steadyWritesPerSecond.toFixed(0)}`,
    `${outcome.secondsToReconnect} s (in step ${outcome.secondsToReconnectInStep} s)`,
    outcome.centsPerSandboxHour.toFixed(2),
  ].join(' | ');
}
