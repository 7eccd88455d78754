import { afterAll } from 'vitest';
import type { Critic } from '../../src/contracts/index.ts';
import { calibratedCritic } from '../../src/critic/calibrated/calibrated-critic.ts';
import type { CalibrationFile } from '../../src/critic/calibrated/calibration-file.ts';
import { embeddedCritic } from '../../src/critic/embedded/embedded-critic.ts';
import { featureNames } from '../../src/critic/embedded/example.ts';
import { fitHead, type Head, withCalibration } from '../../src/critic/embedded/head.ts';
import { judgeCritic } from '../../src/critic/remote/judge-critic.ts';
import { poolingCritic } from '../../src/critic/remote/pooling-critic.ts';
import { RUBRIC_LABELS, rubricCritic } from '../../src/critic/remote/rubric-critic.ts';
import {
  firstCritic,
  lastCritic,
  oracleCritic,
  randomCritic,
  shortestCritic,
} from '../../src/select/baseline-critics.ts';
import { describeCriticContract } from '../contracts/critic-contract.ts';
import { type Answering, poolingAnswers, startFakeCriticServer } from '../support/fake-critic-server.ts';

const closers: (() => void)[] = [];
afterAll(() => {
  for (const close of closers) close();
});

async function at(answering: Answering, critic: (url: string) => Critic): Promise<Critic> {
  const server = await startFakeCriticServer(answering);
  closers.push(() => server.close());
  return critic(server.url);
}

const BASELINES = [
  firstCritic,
  lastCritic,
  shortestCritic,
  randomCritic(1),
  oracleCritic(({ attempt }) => attempt === 2),
];
for (const critic of BASELINES) describeCriticContract(critic.name, async () => critic);

/** A head fitted to three rows: enough to score with. */
function smallHead(names: string[]): Head {
  const x = [0, 1, 2].map((value) => names.map(() => value));
  return withCalibration(fitHead({ x, y: [0, 1, 1], weight: [1, 1, 1] }, names, 1), {
    kind: 'platt',
    slope: 1,
    offset: 0,
  });
}

describeCriticContract('embedded', async () =>
  embeddedCritic({
    final: smallHead(featureNames(['patch', 'trajectory', 'issue'])),
    turn: smallHead(featureNames(['trajectory', 'issue'])),
    card: { runs: [], repositories: [] },
  }),
);

describeCriticContract('openhands-32b', () => at(poolingAnswers(), (url) => poolingCritic({ url, model: 'm' })));

const labels = RUBRIC_LABELS['openhands-4b-v1.0'] ?? [];
describeCriticContract('rubric', () =>
  at(
    () => ({ body: { data: [{ probs: labels.map(() => 0.5) }] } }),
    (url) => rubricCritic({ url, model: 'm' }, labels),
  ),
);

const CALIBRATION: Pick<CalibrationFile, 'calibration' | 'card'> = {
  calibration: { kind: 'platt', slope: 2, offset: -1 },
  card: {
    fittedAt: '',
    assayVersion: '',
    runs: [],
    repositories: [],
    instanceIds: [],
    attempts: 0,
    resolved: 0,
    unscored: 0,
    rawAuc: null,
    heldOut: null,
  },
};
describeCriticContract('calibrated', async () => calibratedCritic(shortestCritic, CALIBRATION));

describeCriticContract('judge', () =>
  at(
    () => ({ body: { choices: [{ message: { content: 'YES 70' } }] } }),
    (url) => judgeCritic({ url, model: 'm' }, { view: 'trajectory' }),
  ),
);
