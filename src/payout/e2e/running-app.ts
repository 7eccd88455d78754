/** Two fresh sandboxes around one patched application: it is served in the first, a browser is ready in the second, a relay joins them. */
import { type AppServer, AssayError, type Sandbox } from '../../contracts/index.ts';
import { applyPatch } from '../../grading/apply-patch.ts';
import type { GradeAttemptInput } from '../../grading/grade-attempt.ts';
import { type BrowserTools, joinSandboxes, startBrowser } from './browser-sandbox.ts';
import { sandboxOf } from './sandbox-of.ts';
import { type ServedApp, serveApp } from './served-app.ts';

export interface RunningApp {
  kind: 'running';
  /** The sandbox of the browser. */
  sandbox: Sandbox;
  browser: BrowserTools;
  /** What the application has printed. */
  log: () => string;
}

/** `patch-failed`: does not apply. `not-served`: does not build, ends or does not answer. */
export type AppState = (RunningApp | { kind: 'patch-failed' | 'not-served'; log: () => string }) & {
  restoredFiles: string[];
  madeBy: Pick<Sandbox, 'backend' | 'tier' | 'limitsInForce'>;
};

/** Calls `use` and takes everything down after it, whatever happened, and at once when the signal is aborted. Throws for infrastructure, `cancelled` and what `use` throws. */
export async function withRunningApp<T>(
  input: GradeAttemptInput,
  app: AppServer,
  use: (state: AppState) => Promise<T>,
): Promise<T> {
  const { signal } = input;
  const opened = await Promise.allSettled([sandboxOf(input, 'application'), sandboxOf(input, 'browser')]);
  const takeDown = () => Promise.all(opened.map((one) => (one.status === 'fulfilled' ? one.value.destroy() : null)));
  const cancel = () => void takeDown().catch(() => {}); // the last call of it tells what went wrong
  signal.addEventListener('abort', cancel, { once: true });
  try {
    if (signal.aborted) throw cancelled(input);
    const [appSandbox, sandbox] = [settledValue(opened[0]), settledValue(opened[1])];
    const { backend, tier, limitsInForce } = appSandbox;
    const madeBy = { backend, tier, limitsInForce };
    const [patched, browser] = await both(patchAndServe(input, app, appSandbox), startBrowser(sandbox));
    const { served, restoredFiles } = patched;
    if (served === undefined) return await use({ kind: 'patch-failed', log: () => patched.log, restoredFiles, madeBy });
    if (!served.ready) return await use({ kind: 'not-served', log: served.log, restoredFiles, madeBy });
    await joinSandboxes(sandbox, app.port, served.relay);
    const state = { kind: 'running', sandbox, browser, log: served.log, restoredFiles, madeBy } as const;
    return await Promise.race([use(state), browser.lost]);
  } catch (error) {
    throw signal.aborted ? cancelled(input, error) : error;
  } finally {
    signal.removeEventListener('abort', cancel);
    await takeDown();
  }
}

function cancelled({ instance }: GradeAttemptInput, cause?: unknown): AssayError {
  const message = `${instance.instanceId} was cancelled`;
  return new AssayError('cancelled', message, { class: 'cancelled', retryable: true, cause });
}

/** The value, or the error thrown again. */
function settledValue<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === 'rejected') throw settled.reason;
  return settled.value;
}

/** Waits for both before it throws what one of them threw: a sandbox is not taken away from under a program that uses it. */
async function both<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled([a, b]);
  return [settledValue(first), settledValue(second)];
}

interface Patched {
  /** Undefined: the patch does not apply. */
  served?: ServedApp;
  log: string;
  restoredFiles: string[];
}

async function patchAndServe(input: GradeAttemptInput, app: AppServer, sandbox: Sandbox): Promise<Patched> {
  const { workdir, baseCommit } = input.environment;
  const { signal, patch } = input;
  if (patch.trim() === '')
    return { served: await serveApp(sandbox, app, { workdir, signal }), log: '', restoredFiles: [] };
  const { applied, log, restoredFiles } = await applyPatch(sandbox, input.instance, patch, {
    workdir,
    baseCommit,
    signal,
  });
  if (!applied) return { log, restoredFiles };
  return { served: await serveApp(sandbox, app, { workdir, signal }), log, restoredFiles };
}
