/**
 * Actions and their observations: the agent's two tools at the work in one sandbox, for clients that bring an agent and no tools. A shell is a bash that lasts, with the undo history of the edit
 * tool; a sandbox may have several. An action has an id of the client's and is carried out once, however often it is sent; its observation is kept for a while.
 */
import { createToolSet, toolTypesFor } from '../../agent/tool-set.ts';
import type { Tool, ToolOutcome } from '../../agent/tools/tool.ts';
import { digestOf } from '../../base/digest.ts';
import type { Sandbox, Workspace } from '../../contracts/index.ts';
import { openWorkspace } from '../../sandbox/workspace.ts';
import { busy, notFound, refuse } from '../http/http-problem.ts';

export interface ActionRequest {
  tool: string;
  /** As the tool's specification says; what does not fit is an observation that says so. */
  input: Record<string, unknown>;
  /** Of a command. */
  timeoutSeconds: number;
}

export type Observation = Pick<ToolOutcome, 'content' | 'isError' | 'exitCode' | 'cutBytes'>;

const MAX_SHELLS = 8;
/** Observations of one shell that are kept, the newest. */
const KEPT = 64;
const MAX_ACTIONS = 100_000;
/** Actions of one shell that wait for the one under way. */
const MAX_WAITING = 16;
const RETRY_SECONDS = 1;

interface Remembered {
  digest: string;
  /** Null once it is too old to be kept. */
  observation: Promise<Observation> | null;
}

/** The shells of one sandbox. They end with it. */
export class ActionDesk {
  private readonly sandbox: Sandbox;
  private readonly shells = new Map<string, HostedShell>();

  constructor(sandbox: Sandbox) {
    this.sandbox = sandbox;
  }

  /**
   * The observation of an action; the first action opens the shell. Actions of one shell come one after the other. Throws 409 when the id stands for another action, 410 when its
   * observation is not kept any more, 429 when too many wait, and what the sandbox throws when it is gone: what the action did is then unknown.
   */
  async act(shellId: string, actionId: string, request: ActionRequest): Promise<Observation> {
    const shell = this.shells.get(shellId) ?? this.open(shellId);
    return shell.act(actionId, request);
  }

  /** Ends the shell and what runs in it. Throws 404 for one that is not there. */
  async close(shellId: string): Promise<void> {
    const shell = this.shells.get(shellId);
    if (shell === undefined) throw notFound('shell');
    this.shells.delete(shellId);
    await shell.close();
  }

  private open(shellId: string): HostedShell {
    if (this.shells.size >= MAX_SHELLS) throw refuse(409, `a sandbox has at most ${MAX_SHELLS} shells`);
    const shell = new HostedShell(openWorkspace(this.sandbox));
    this.shells.set(shellId, shell);
    return shell;
  }
}

class HostedShell {
  private readonly workspace: Workspace;
  private readonly tools: ReadonlyMap<string, Tool> = createToolSet(toolTypesFor('current'));
  private readonly actions = new Map<string, Remembered>();
  private readonly kept: string[] = [];
  private readonly over = new AbortController();
  private turn: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  constructor(workspace: Workspace) {
    this.workspace = workspace;
  }

  act(actionId: string, request: ActionRequest): Promise<Observation> {
    const digest = digestOf({ ...request });
    const before = this.actions.get(actionId);
    if (before !== undefined) {
      if (before.digest !== digest) throw refuse(409, 'this id stands for another action');
      return before.observation ?? Promise.reject(refuse(410, 'the observation of this action is not kept any more'));
    }
    const tool = this.tools.get(request.tool);
    if (tool === undefined) throw refuse(400, `tool: one of ${[...this.tools.keys()].join(', ')}`);
    if (this.waiting >= MAX_WAITING) throw busy('too many actions wait for the one under way', RETRY_SECONDS);
    if (this.actions.size >= MAX_ACTIONS) throw refuse(409, `a shell takes at most ${MAX_ACTIONS} actions`);
    const observation = this.inTurn(() => this.run(tool, request));
    observation.catch(() => {}); // told to every request for it
    this.remember(actionId, { digest, observation });
    return observation;
  }

  async close(): Promise<void> {
    this.over.abort();
    await this.workspace.shell.close();
  }

  private async run(tool: Tool, { input, timeoutSeconds }: ActionRequest): Promise<Observation> {
    const options = { workspace: this.workspace, signal: this.over.signal, commandSeconds: timeoutSeconds };
    const { content, isError, exitCode, cutBytes } = await tool.run(input, options);
    return {
      content,
      isError,
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(cutBytes === undefined ? {} : { cutBytes }),
    };
  }

  private inTurn<T>(act: () => Promise<T>): Promise<T> {
    this.waiting++;
    const done = this.turn.then(act).finally(() => {
      this.waiting--;
    });
    this.turn = done.catch(() => {});
    return done;
  }

  /** Ids stay taken, so that a late copy of a request does nothing. */
  private remember(actionId: string, action: Remembered): void {
    this.actions.set(actionId, action);
    this.kept.push(actionId);
    const oldest = this.kept.length > KEPT ? this.actions.get(this.kept.shift() ?? '') : undefined;
    if (oldest !== undefined) oldest.observation = null;
  }
}
