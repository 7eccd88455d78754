import { afterEach, expect, test } from 'vitest';
import { HostSandbox } from '../../test/support/host-sandbox.ts';
import { callPart, textPart } from '../../test/support/model-double.ts';
import { createToolSet, toolTypesFor } from '../agent/tool-set.ts';
import { type AssistantMessage, agentLimitsSchema, type Sandbox } from '../contracts/index.ts';
import { openWorkspace } from '../sandbox/workspace.ts';
import { tryInForks } from './try-in-forks.ts';

/** "Forks" into fresh folders: enough to see what is asked for and what is cleaned up. */
class ForkingSandbox extends HostSandbox {
  readonly forks: HostSandbox[] = [];
  destroyed = 0;
  override async fork(count = 1): Promise<never> {
    for (let made = 0; made < count; made++) {
      const fork = new HostSandbox();
      const destroy = fork.destroy.bind(fork);
      fork.destroy = async () => {
        this.destroyed++;
        await destroy();
      };
      this.forks.push(fork);
    }
    return this.forks as unknown as never;
  }
}

const sandboxes: Sandbox[] = [];
afterEach(async () => {
  for (const one of sandboxes.splice(0)) await one.destroy();
});

function trialsIn(sandbox: HostSandbox) {
  sandboxes.push(sandbox);
  return tryInForks({
    sandbox,
    workspace: openWorkspace(sandbox),
    limits: agentLimitsSchema.parse({}),
    newTools: () => createToolSet(toolTypesFor('')),
    openWorkspace,
  });
}
const { signal } = new AbortController();
const calling = (...commands: string[]): AssistantMessage => ({
  role: 'assistant',
  content: [textPart('I run it.'), ...commands.map((command, at) => callPart(`c${at}`, 'bash', { command }))],
});
const talking: AssistantMessage = { role: 'assistant', content: [textPart('Done.')] };

test('each different reply is tried in a copy of its own, equal ones once, talk not at all', async () => {
  const sandbox = new ForkingSandbox();
  const replies = [calling('echo one'), calling('echo two', 'exit 4'), talking, calling('echo one')];
  const { trials, untried } = await trialsIn(sandbox)(replies, signal);
  expect(sandbox.forks).toHaveLength(2);
  expect(sandbox.destroyed).toBe(2);
  expect(untried).toBeUndefined();
  const seen = trials.map((trial) => trial?.results.map((one) => JSON.stringify(one.content)) ?? null);
  expect(seen).toEqual([
    [expect.stringContaining('one')],
    [expect.stringContaining('two'), expect.stringContaining('4')],
    null,
    [expect.stringContaining('one')],
  ]);
});

test('replies that call the same, or nothing, need no copy', async () => {
  const sandbox = new ForkingSandbox();
  const tryReplies = trialsIn(sandbox);
  expect(await tryReplies([calling('ls'), calling('ls')], signal)).toEqual({ trials: [null, null] });
  expect(await tryReplies([talking, talking], signal)).toEqual({ trials: [null, null] });
  expect(sandbox.forks).toHaveLength(0);
});

test('a reply that calls a tool which cannot be tried is left as it is', async () => {
  const sandbox = new ForkingSandbox();
  const visit: AssistantMessage = { role: 'assistant', content: [callPart('v', 'try_app', {})] };
  const { trials } = await trialsIn(sandbox)([visit, calling('echo one')], signal);
  expect(trials.map((trial) => trial?.results.length ?? null)).toEqual([null, 1]);
  expect(sandbox.forks).toHaveLength(1);
});

test('where no copy can be made, nothing is tried, and the reason is told', async () => {
  const { trials, untried } = await trialsIn(new HostSandbox())([calling('ls'), calling('pwd')], signal);
  expect(trials).toEqual([null, null]);
  expect(untried).toBe('sandbox-unavailable: the host test double cannot be forked');
});
