/** The processes behind the buttons, with a small program in place of the command line. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { manifestOf } from '../../test/support/run-fixtures.ts';
import { createRun, openRun } from '../store/file-run-store.ts';
import { webControls } from './web-controls.ts';

let runsDir: string;
beforeAll(async () => {
  runsDir = await mkdtemp(join(tmpdir(), 'assay-controls-'));
});
afterAll(() => rm(runsDir, { recursive: true, force: true }));

async function controlsWith(program: string) {
  const path = join(runsDir, 'program.mjs');
  await writeFile(path, program);
  return webControls({ runsDir, assay: [process.execPath, path], startMs: 5_000 });
}

it('gives what was asked for as one word per flag, so that nothing is taken for another flag', async () => {
  const told = join(runsDir, 'told.json');
  const { start } = await controlsWith(
    `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(told)}, JSON.stringify(process.argv.slice(2)));`,
  );
  const { runId } = await start({
    dataset: '--runs-dir=/elsewhere',
    model: '--json',
    instances: ['-x*'],
    jobs: 3,
    budgetUsd: 0,
  });
  expect(JSON.parse(await readFile(told, 'utf8'))).toEqual([
    'run',
    '--model=--json',
    `--run-id=${runId}`,
    `--runs-dir=${runsDir}`,
    '--jobs=3',
    '--budget=0',
    '--instance=-x*',
    '--quiet',
    '--',
    '--runs-dir=/elsewhere',
  ]);
});

it('tells what a command said that ended before it began', async () => {
  const { start } = await controlsWith('console.error("no such data set"); process.exit(2);');
  const started = start({ dataset: 'x', model: 'y', instances: [] });
  await expect(started).rejects.toMatchObject({ code: 'config-invalid', message: 'no such data set' });
});

it('gives up on a command that neither begins nor ends', async () => {
  const path = join(runsDir, 'program.mjs');
  await writeFile(path, 'setTimeout(() => {}, 2000);');
  const { start } = webControls({ runsDir, assay: [process.execPath, path], startMs: 300 });
  await expect(start({ dataset: 'x', model: 'y', instances: [] })).rejects.toMatchObject({ code: 'io' });
});

it('is told when somebody else was faster to take the run', async () => {
  const made = await createRun(runsDir, manifestOf('contested', ['a']));
  await made.close();
  const { resume } = await controlsWith('setTimeout(() => { console.error("run-locked"); process.exit(3); }, 600);');
  const resumed = resume({ runId: 'contested' });
  const faster = await openRun(made.dir);
  try {
    await expect(resumed).rejects.toMatchObject({ message: 'run-locked' });
  } finally {
    await faster.close();
  }
});

it('stops and resumes only runs that are there, and stops only those at work', async () => {
  const controls = await controlsWith('');
  await expect(controls.stop({ runId: 'none', now: false })).rejects.toMatchObject({ code: 'run-not-found' });
  await expect(controls.resume({ runId: '../..' })).rejects.toMatchObject({ code: 'run-not-found' });
});
