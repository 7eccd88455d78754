import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { criticAddress } from './open-critic.ts';

test('says where each critic sends what it is asked', async () => {
  for (const name of ['first', 'last', 'random', 'embedded:critic.json'])
    expect(await criticAddress(name)).toBeUndefined();
  for (const kind of ['openhands-32b', 'rubric', 'judge', 'judge-patch', 'kind-of-later'])
    expect(await criticAddress(`${kind}:http://critic.example/v1#m`)).toBe('http://critic.example/v1');
});

test('looks into the file of a calibrated one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'assay-critic-'));
  const path = join(folder, 'calibration.json');
  const card = { fittedAt: '', assayVersion: '', runs: [], repositories: [], instanceIds: [] };
  const counts = { attempts: 1, resolved: 1, unscored: 0, rawAuc: null, heldOut: null };
  const file = {
    format: 'assay-critic-calibration',
    formatVersion: 1,
    critic: 'judge:http://critic.example/v1#m',
    calibration: { kind: 'platt', slope: 1, offset: 0 },
    card: { ...card, ...counts },
  };
  await writeFile(path, JSON.stringify(file));
  expect(await criticAddress(`calibrated:${path}`)).toBe('http://critic.example/v1');
  await rm(folder, { recursive: true });
});
