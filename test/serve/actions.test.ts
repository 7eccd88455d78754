/** Actions and observations over HTTP. The sandboxes have no isolation, so that this runs on every machine with bash. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SandboxView } from '../../src/sandbox/remote/api.ts';
import { describeRequiring } from '../support/requirements.ts';
import { hasBash } from './has-bash.ts';
import { openServeBench, type ServeBench, SPEC } from './serve-bench.ts';

interface Observed {
  content?: { text: string }[];
}

describeRequiring('bash', hasBash() ? undefined : 'there is no bash', 'actions', () => {
  let bench: ServeBench;
  let key: string;
  let sandbox: SandboxView;
  beforeAll(async () => {
    bench = await openServeBench();
    key = await bench.makeKey('acts');
    sandbox = await start();
  });
  afterAll(async () => {
    await bench.close();
    expect(bench.errors).toEqual([]);
  });

  async function start(): Promise<SandboxView> {
    const response = await fetch(`${bench.server.url}/v1/sandboxes`, {
      method: 'POST',
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
      body: JSON.stringify({ spec: SPEC }),
    });
    return (await response.json()) as SandboxView;
  }
  async function ask(method: string, path: string, json?: unknown, of = sandbox, sessionKey = of.sessionKey) {
    const response = await fetch(`${bench.server.url}/v1/sandboxes/${of.id}/shells/${path}`, {
      method,
      headers: { 'x-session-api-key': sessionKey, 'content-type': 'application/json' },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
    return { status: response.status, body: (await response.json()) as Observed };
  }
  const bash = (shell: string, action: string, command: string, more: object = {}) =>
    ask('PUT', `${shell}/actions/${action}`, { tool: 'bash', input: { command }, ...more });
  const textOf = ({ body }: { body: Observed }) => body.content?.map(({ text }) => text).join('');

  test('a shell lasts from action to action, and each has an observation', async () => {
    expect(await bash('shell-one', 'action-1', 'cd /; export MARK=here')).toMatchObject({ status: 200 });
    const second = await bash('shell-one', 'action-2', 'pwd; echo $MARK; exit-nothing');
    expect(textOf(second)).toContain('/\nhere\n');
    expect(second.body).toMatchObject({ isError: false, exitCode: 127 });
    expect(textOf(await bash('shell-two', 'action-1', 'echo "[$MARK]"'))).toContain('[]');
  });

  test('an action that is sent again, also at the same time, is carried out once', async () => {
    const file = `/tmp/assay-actions-${process.pid}`;
    const script = `echo x >> ${file}; sleep 0.3; cat ${file}`;
    const all = await Promise.all([1, 2, 3].map(() => bash('shell-one', 'action-once', script)));
    expect(all.map(textOf)).toEqual(['x', 'x', 'x']);
    expect(textOf(await bash('shell-one', 'action-once', script))).toBe(textOf(all[0] ?? { body: {} }));
    expect((await bash('shell-one', 'action-once', 'echo other')).status).toBe(409);
    expect(textOf(await bash('shell-one', 'action-count', `wc -l < ${file}; rm ${file}`))).toContain('1');
  });

  test('files are edited by the tool that models know, and its undo history lasts', async () => {
    const path = `/tmp/assay-edited-${process.pid}.txt`;
    const edit = (action: string, input: object) =>
      ask('PUT', `shell-one/actions/${action}`, { tool: 'str_replace_based_edit_tool', input });
    expect(await edit('edit-0001', { command: 'create', path, file_text: 'one\ntwo\n' })).toMatchObject({
      status: 200,
    });
    await edit('edit-0002', { command: 'str_replace', path, old_str: 'two', new_str: 'three' });
    expect(textOf(await bash('shell-one', 'edit-seen', `cat ${path}; rm ${path}`))).toContain('one\nthree');
    expect((await edit('edit-0003', { command: 'view' })).body).toMatchObject({ isError: true });
  });

  test('what takes too long is told, and the shell can be started again', async () => {
    expect((await bash('shell-slow', 'action-1', 'sleep 30', { timeoutSeconds: 0.5 })).body).toMatchObject({
      isError: true,
    });
    expect((await bash('shell-slow', 'action-2', 'echo hi')).body).toMatchObject({ isError: true });
    await ask('PUT', 'shell-slow/actions/action-3', { tool: 'bash', input: { restart: true } });
    expect(textOf(await bash('shell-slow', 'action-4', 'echo hi'))).toContain('hi');
  });

  test('refusals: other keys, unknown tools, odd ids, too many shells, a shell that is not there', async () => {
    const other = await start();
    expect((await ask('PUT', 'shell-one/actions/action-9', {}, sandbox, other.sessionKey)).status).toBe(401);
    expect((await ask('PUT', 'shell-one/actions/action-9', { tool: 'rm', input: {} })).status).toBe(400);
    expect((await ask('PUT', 'shell-one/actions/a%2Fb', { tool: 'bash', input: {} })).status).toBe(400);
    expect((await bash('shell-one', 'action-9', 'true', { timeoutSeconds: 1e9 })).status).toBe(400);
    for (let n = 0; n < 8; n++)
      await ask('PUT', `shell-0${n}/actions/action-1`, { tool: 'bash', input: { command: 'true' } }, other);
    const ninth = await ask('PUT', 'shell-09/actions/action-1', { tool: 'bash', input: { command: 'true' } }, other);
    expect(ninth.status).toBe(409);
    expect((await ask('DELETE', 'shell-00', undefined, other)).status).toBe(200);
    expect((await ask('DELETE', 'shell-00', undefined, other)).status).toBe(404);
  });

  test('old observations are let go of, and their actions are not carried out again', async () => {
    for (let n = 100; n < 165; n++) await bash('shell-many', `action-${n}`, 'true');
    expect((await bash('shell-many', 'action-100', 'true')).status).toBe(410);
    expect((await bash('shell-many', 'action-101', 'true')).status).toBe(200);
  });
});
