/**
 * The user tool of a task: a visit takes the agent's changes as a patch, serves them in a fresh sandbox and lets the hidden user script use them from a second one. The script never comes near the
 * agent's sandbox, and whatever a visit leaves goes with its sandboxes, also when it runs out of time.
 */
import { type AppServer, AssayError, type Sandbox, type UserTool, type UserVisit } from '../../contracts/index.ts';
import { capturePatch } from '../../grading/capture-patch.ts';
import type { GradeAttemptInput } from '../../grading/grade-attempt.ts';
import { exec } from '../../sandbox/exec.ts';
import { sandboxFiles } from '../../sandbox/files.ts';
import { ARTIFACTS } from './browser-sandbox.ts';
import { collectArtifacts } from './collect-artifacts.ts';
import { type AppState, withRunningApp } from './running-app.ts';

export interface UserToolLimits {
  visits: number;
  /** Of one visit, from the moment on which the application is there. */
  seconds: number;
}

const LIMITS: UserToolLimits = { visits: 5, seconds: 180 };
const MAX_SCREENSHOTS = 6;
const MAX_LOG = 10_000;
const SCRIPT = '/opt/assay/user.mjs';

/** Undefined for a task without a user. */
export function openUserTool(
  sandbox: Sandbox,
  input: Omit<GradeAttemptInput, 'patch' | 'signal'>,
  limits: UserToolLimits = LIMITS,
): UserTool | undefined {
  const { app } = input.instance.task.grading;
  const { userScript } = input.instance;
  if (app === undefined || userScript === undefined) return undefined;
  let left = limits.visits;
  return {
    visits: limits.visits,
    async visit(signal) {
      if (left === 0) throw noVisitLeft(limits);
      left--;
      const { workdir, baseCommit } = input.environment;
      const patch = await capturePatch(sandbox, { baseCommit, workdir, signal });
      const visit = await visitApp({ ...input, patch, signal }, app, userScript, limits);
      return { ...visit, log: `${visit.log}\n(${left} of ${limits.visits} visits left)` };
    },
  };
}

function noVisitLeft({ visits }: UserToolLimits): AssayError {
  const message = `The user came ${visits} times and does not come again.`;
  return new AssayError('limit-steps', message, { class: 'limit', retryable: false });
}

function visitApp(
  input: GradeAttemptInput,
  app: AppServer,
  script: string,
  { seconds }: UserToolLimits,
): Promise<UserVisit> {
  return withRunningApp(input, app, async (state) => {
    if (state.kind !== 'running') return { log: notThere(state), screenshots: [] };
    const { sandbox, browser } = state;
    await sandboxFiles(sandbox).write(SCRIPT, script);
    const run = await exec(sandbox, ['node', SCRIPT], {
      env: { ...browser.env, APP_URL: `http://127.0.0.1:${app.port}` },
      timeoutSeconds: seconds,
      signal: input.signal,
    });
    const lines = plainLog(run.stdout.toString());
    if (run.timedOut) lines.push(`waited for the application until the visit was over (${seconds} s)`);
    const shots = (await collectArtifacts(sandbox, ARTIFACTS)).filter(({ name }) => name.endsWith('.png'));
    const screenshots = shots.slice(0, MAX_SCREENSHOTS).map((shot) => ({ ...shot, mediaType: 'image/png' }));
    return { log: lines.join('\n').slice(0, MAX_LOG), screenshots };
  });
}

function notThere({ kind, log }: AppState): string {
  if (kind === 'patch-failed') return 'The changes cannot be taken over to the copy.';
  return `The application does not start:\n${log().slice(-MAX_LOG)}`;
}

/** Of what the script printed, the lines the user says. Words of assertions and waits would tell what the tests look for. */
export function plainLog(output: string): string[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('user: ') && !/\b(assert|expect|waiting for|locator|timeout)/i.test(line))
    .map((line) => line.slice('user: '.length));
}
