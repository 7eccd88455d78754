/**
 * Tries the calls of several replies, each in a copy of the attempt's sandbox as it is now, with a shell that stands where the agent's stands. The attempt's own sandbox is as before, but for one thing: copying kills
 * all processes of a sandbox, so its shell begins anew (same folder, exported variables and functions), and what ran in the background is gone.
 */
import { answerCall } from '../agent/run-tool-call.ts';
import type { Tool } from '../agent/tools/tool.ts';
import { canonicalJson } from '../base/digest.ts';
import {
  type AssistantMessage,
  type Sandbox,
  type ToolCallPart,
  toFailure,
  type Workspace,
} from '../contracts/index.ts';
import type { Trial, TryReplies } from '../model/lookahead-model.ts';
import type { AttemptPlace } from './ports.ts';

export interface ForkTrialOptions extends AttemptPlace {
  /** The agent's tools, fresh for each trial. */
  newTools: () => ReadonlyMap<string, Tool>;
  openWorkspace: (sandbox: Sandbox, options: { timeoutSeconds: number }) => Workspace;
}

/** Below /tmp, which copies begin with. */
const STATE = '/tmp/.assay-fork-shell';
/** The shell writes down where it stands and ends; its session goes on with that in a new one. */
const LEAVE = `{ export -p; declare -f; printf 'cd -- %q\\n' "$PWD"; } >${STATE} 2>/dev/null; exit 0`;
const ENTER = `. ${STATE} 2>/dev/null; rm -f ${STATE}`;

/**
 * Replies with the same calls are tried once, and nothing is tried when all have the same or none. A reply that calls another tool than `newTools` has is not tried. Where no copy can be made, nothing is tried and the reason is told. Throws `cancelled` and `sandbox-died`.
 */
export function tryInForks(options: ForkTrialOptions): TryReplies {
  return async (replies, signal) => {
    const tools = options.newTools();
    const keys = replies.map((reply) => (callsOf(reply).every(({ name }) => tools.has(name)) ? keyOf(reply) : ''));
    const different = [...new Set(keys.filter((key) => key !== ''))];
    if (new Set(keys).size < 2) return { trials: replies.map(() => null) };
    let forks: Sandbox[];
    try {
      forks = await forkedSandboxes(options, different.length);
    } catch (error) {
      const { code, message } = toFailure(error);
      if (signal.aborted || code === 'sandbox-died') throw error;
      return { trials: replies.map(() => null), untried: `${code}: ${message}` };
    }
    try {
      const trials = await Promise.all(
        forks.map((fork, at) => tryCalls(options, fork, callsOf(replies[keys.indexOf(different[at] ?? '')]), signal)),
      );
      return { trials: keys.map((key) => trials[different.indexOf(key)] ?? null) };
    } finally {
      await Promise.all(forks.map((fork) => fork.destroy()));
    }
  };
}

async function forkedSandboxes({ sandbox, workspace: { shell } }: ForkTrialOptions, count: number): Promise<Sandbox[]> {
  if (shell.alive) await shell.run(LEAVE);
  return await sandbox.fork(count);
}

async function tryCalls(
  { openWorkspace, newTools, limits: { commandSeconds } }: ForkTrialOptions,
  fork: Sandbox,
  calls: readonly ToolCallPart[],
  signal: AbortSignal,
): Promise<Trial> {
  const began = performance.now();
  const workspace = openWorkspace(fork, { timeoutSeconds: commandSeconds });
  const tools = newTools();
  const results: Trial['results'] = [];
  try {
    await workspace.shell.run(ENTER, { signal });
    for (const call of calls) {
      const setting = { tools, workspace, commandSeconds, signal, cutOff: false };
      const { content, isError } = await answerCall(call, setting);
      results.push({ callId: call.id, name: call.name, content, isError });
    }
  } finally {
    await workspace.shell.close();
  }
  return { results, durationMs: performance.now() - began };
}

function callsOf(reply: AssistantMessage | undefined): ToolCallPart[] {
  return (reply?.content ?? []).flatMap((part) => (part.type === 'tool-call' ? [part] : []));
}

/** What a reply calls, in one form; `''` for nothing. */
function keyOf(reply: AssistantMessage): string {
  const calls = callsOf(reply);
  return calls.length === 0 ? '' : canonicalJson(calls.map(({ name, input }) => ({ name, input })));
}
