import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AgentBench } from '../../../test/support/agent-bench.ts';
import type { ShellResult } from '../../contracts/index.ts';
import { createBashTool } from './bash-tool.ts';

let bench: AgentBench;
beforeEach(() => {
  bench = new AgentBench();
});
afterEach(() => bench.close());

const tool = createBashTool('bash_20250124');
const run = (input: unknown, commandSeconds = 10) =>
  tool.run(input, { workspace: bench.workspace, signal: new AbortController().signal, commandSeconds });
const text = async (input: unknown, commandSeconds?: number) => {
  const [part] = (await run(input, commandSeconds)).content;
  return part?.type === 'text' ? part.text : undefined;
};

test('a non-zero exit is a result with its code, not an error of the tool', async () => {
  expect(await run({ command: 'echo out; echo err >&2; false' })).toEqual({
    content: [{ type: 'text', text: 'out\nerr\n[exit code 1]' }],
    isError: false,
    exitCode: 1,
    cutBytes: 0,
  });
  expect(await text({ command: '(exit 3)' })).toBe('[exit code 3]');
});

test('no output is said', async () => {
  expect(await text({ command: 'true', restart: null })).toBe('(no output)');
});

test('a timeout is an error that says how to go on; then only a restart helps', async () => {
  expect(await run({ command: 'cd /; echo begun; sleep 30' }, 0.4)).toMatchObject({
    isError: true,
    exitCode: null,
    content: [
      { text: expect.stringMatching(/^begun\ntimed out: bash has not returned in 0\.4 seconds and must be restarted/) },
    ],
  });
  expect(await run({ command: 'pwd' })).toMatchObject({
    isError: true,
    content: [{ text: expect.stringContaining('must be restarted') }],
  });
  expect(await run({ restart: true })).toMatchObject({
    isError: false,
    content: [{ text: 'tool has been restarted.' }],
  });
  expect(await text({ command: 'pwd' })).toBe(bench.workspace.workdir);
});

test('long output says how much is missing and where the whole lies', async () => {
  const outcome = await run({ command: 'seq 1 100000' });
  const [part] = outcome.content;
  const shown = part?.type === 'text' ? part.text : '';
  expect(shown.length).toBeLessThan(30_000);
  expect(shown.startsWith('1\n2\n')).toBe(true);
  expect(shown.endsWith('\n100000')).toBe(true);
  const [, cut, path = ''] = /(\d+) bytes cut; the whole output is in (\S+)/.exec(shown) ?? [];
  expect(outcome.cutBytes).toBe(Number(cut));
  expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(100_001);
});

test('what a session does not say about a cut itself, the tool says', async () => {
  const result: ShellResult = {
    output: 'head tail\n',
    exitCode: 0,
    outputBytes: 500,
    cutBytes: 490,
    fullOutputPath: '/tmp/whole.txt',
    status: 'finished',
    durationMs: 1,
  };
  const shell = { ...bench.workspace.shell, alive: true, run: async () => result };
  const outcome = await tool.run(
    { command: 'x' },
    {
      workspace: {
        ...bench.workspace,
        workdir: '/w',
        shell: { ...shell, restart: async () => {}, close: async () => {} },
      },
      signal: new AbortController().signal,
      commandSeconds: 1,
    },
  );
  expect(outcome.content).toEqual([
    { type: 'text', text: 'head tail\n[490 bytes of 500 cut; the whole output is in /tmp/whole.txt]' },
  ]);
});

test('input that does not fit is answered as malformed', async () => {
  for (const input of [
    {},
    { command: '' },
    { command: ' \n' },
    { command: null },
    { command: 1 },
    { restart: 'yes' },
    [],
  ])
    expect(await run(input)).toMatchObject({ isError: true, malformed: true });
});

test('a model older than the tool type gets an ordinary function tool', () => {
  expect(createBashTool(null).spec.native).toBeUndefined();
  expect(tool.spec).toMatchObject({ name: 'bash', native: { anthropic: { type: 'bash_20250124' } } });
});
