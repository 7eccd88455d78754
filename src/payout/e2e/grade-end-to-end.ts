/**
 * Grades an application end to end: the patched application is built and served in one fresh sandbox, the tests drive a browser in a second one that no program of the patch
 * ever enters. Repeated up to the task's `tries`, each time from the start; which try passed is recorded.
 */
import { digestOf, sha256 } from '../../base/digest.ts';
import {
  type AppServer,
  AssayError,
  type GradeArtifact,
  type GradeReport,
  type Sandbox,
  type Verdict,
} from '../../contracts/index.ts';
import { applyPatch } from '../../grading/apply-patch.ts';
import { type Decision, decideVerdict } from '../../grading/decide-verdict.ts';
import type { GradeAttemptInput, GradeAttemptResult } from '../../grading/grade-attempt.ts';
import { exec } from '../../sandbox/exec.ts';
import { sandboxFiles } from '../../sandbox/files.ts';
import { ARTIFACTS, type BrowserTools, joinSandboxes, startBrowser } from './browser-sandbox.ts';
import { collectArtifacts } from './collect-artifacts.ts';
import { sandboxOf } from './sandbox-of.ts';
import { type ServedApp, serveApp } from './served-app.ts';

/** Output of the tests beyond this is not kept. */
const MAX_OUTPUT_BYTES = 16 * 1024 ** 2;
/** Verdicts that another try can change; a patch that does not apply does not apply again. */
const TRIED_AGAIN: readonly Verdict[] = ['unresolved', 'crashed', 'timeout', 'no-evidence'];

interface Try {
  decision: Decision;
  output: string;
  exitCode: number | null;
  restoredFiles: string[];
  patchApplied: boolean;
  artifacts: GradeArtifact[];
  sandbox: Pick<Sandbox, 'backend' | 'tier' | 'limitsInForce'>;
}

/** For an instance whose grading names an application. Throws only for infrastructure and `cancelled`. */
export async function gradeEndToEnd(input: GradeAttemptInput, app: AppServer): Promise<GradeAttemptResult> {
  const started = performance.now();
  const { instance, patch } = input;
  const evalScript = scriptText(input, app);
  if (patch.trim() === '') {
    const report = { ...baseReport(input), durationMs: performance.now() - started };
    return { report, testOutput: '', evalScript };
  }
  const most = instance.task.grading.tries ?? 1;
  const tries: Try[] = [];
  do tries.push(await tryOnce(input, app, tries.length + 1));
  while (tries.length < most && TRIED_AGAIN.includes(tries.at(-1)?.decision.verdict ?? 'resolved'));
  const last = tries.at(-1);
  if (last === undefined) throw new RangeError('no try was made');
  const resolved = last.decision.verdict === 'resolved';
  const artifacts = tries.flatMap((one) => one.artifacts);
  const report: GradeReport = {
    ...baseReport(input),
    ...last.decision,
    ...{ resolved, patchApplied: last.patchApplied, exitCode: last.exitCode, restoredFiles: last.restoredFiles },
    ...{ passedOnTry: resolved ? tries.length : null, tries: tries.length },
    artifacts: artifacts.map((one) => one.name),
    sandbox: last.sandbox,
    durationMs: performance.now() - started,
  };
  const testOutput = tries.map((one, index) => `# try ${index + 1}: ${one.decision.verdict}\n${one.output}`).join('\n');
  return { report, testOutput, evalScript, artifacts };
}

async function tryOnce(input: GradeAttemptInput, app: AppServer, number: number): Promise<Try> {
  const opened = await Promise.allSettled([sandboxOf(input, 'application'), sandboxOf(input, 'browser tests')]);
  try {
    const [appSandbox, testSandbox] = opened.map(settledValue);
    if (appSandbox === undefined || testSandbox === undefined) throw new RangeError('two sandboxes were asked for');
    const { backend, tier, limitsInForce } = appSandbox;
    const sandbox = { backend, tier, limitsInForce };
    const [served, browser] = await both(patchAndServe(input, app, appSandbox), startBrowser(testSandbox));
    const { restoredFiles } = served;
    const nothing = { exitCode: null, artifacts: [], restoredFiles, sandbox };
    if (served.app === undefined) {
      return { ...nothing, decision: failed(input, 'patch-failed'), output: served.log, patchApplied: false };
    }
    if (!served.app.ready) {
      return { ...nothing, decision: failed(input, 'crashed'), output: served.app.log(), patchApplied: true };
    }
    await joinSandboxes(testSandbox, app.port, served.app.relay);
    const run = await Promise.race([runTests(input, app, testSandbox, browser), browser.lost]);
    const artifacts = await collectArtifacts(testSandbox, ARTIFACTS, `try-${number}-`);
    const output = `${run.output}\n# the application said:\n${quoted(served.app.log())}`;
    return { ...nothing, ...run, output, patchApplied: true, artifacts };
  } finally {
    await Promise.all(opened.map((one) => (one.status === 'fulfilled' ? one.value.destroy() : undefined)));
  }
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
  app?: ServedApp;
  log: string;
  restoredFiles: string[];
}

async function patchAndServe(input: GradeAttemptInput, app: AppServer, sandbox: Sandbox): Promise<Patched> {
  const { workdir, baseCommit } = input.environment;
  const { signal } = input;
  const applied = await applyPatch(sandbox, input.instance, input.patch, { workdir, baseCommit, signal });
  const { log, restoredFiles } = applied;
  if (!applied.applied) return { log, restoredFiles };
  return { app: await serveApp(sandbox, app, { workdir, signal }), log, restoredFiles };
}

async function runTests(input: GradeAttemptInput, app: AppServer, sandbox: Sandbox, browser: BrowserTools) {
  const { instance, environment, signal } = input;
  const { grading } = instance.task;
  const files = sandboxFiles(sandbox);
  for (const file of instance.hiddenFiles) {
    await files.write(`${environment.workdir}/${file.path}`, file.content, { mode: file.mode });
  }
  const run = await exec(sandbox, ['bash', '-c', grading.command], {
    cwd: environment.workdir,
    env: { ...browser.env, APP_URL: `http://127.0.0.1:${app.port}` },
    stderr: 'merge',
    timeoutSeconds: grading.timeoutSeconds,
    maxBytes: MAX_OUTPUT_BYTES,
    signal,
  });
  if (run.sandboxDied && !run.timedOut) {
    const message = `the sandbox of the browser ended while ${instance.instanceId} was graded`;
    throw new AssayError('sandbox-died', message, { class: 'infra', retryable: true });
  }
  const output = run.stdout.toString();
  const decision = decideVerdict(grading, {
    output,
    exitCode: run.exitCode,
    signal: run.signal,
    timedOut: run.timedOut,
  });
  return { decision, output, exitCode: run.exitCode };
}

function failed({ instance }: GradeAttemptInput, verdict: Verdict): Decision {
  const { failToPass, passToPass } = instance.task.grading;
  const none = (tests: readonly string[]) => ({ success: [], failure: [...tests] });
  return { verdict, failToPass: none(failToPass), passToPass: none(passToPass), testsSeen: 0 };
}

/** As it is for an empty patch. */
function baseReport(input: GradeAttemptInput): GradeReport {
  const { instance, environment, patch } = input;
  const hidden = instance.hiddenFiles.map((file) => [file.path, file.mode, sha256(file.content)]);
  return {
    ...failed(input, 'empty-patch'),
    ...{ instanceId: instance.instanceId, resolved: false, patchApplied: false, exitCode: null, durationMs: 0 },
    restoredFiles: [],
    gradeDigest: digestOf({
      patch: sha256(patch),
      environment: environment.digest,
      grading: instance.task.grading,
      hidden,
    }),
  };
}

/** What the application prints must not look like a result of the tests. */
const quoted = (text: string) => text.replace(/^/gm, '# | ');

/** For the record. */
function scriptText({ instance }: GradeAttemptInput, app: AppServer): string {
  const { grading } = instance.task;
  return [
    '#!/bin/bash',
    '# In a sandbox with the patched work tree:',
    ...(app.build === undefined ? [] : [app.build]),
    `${app.serve} &`,
    `# In a second sandbox, with the hidden tests and a browser, joined by a relay on port ${app.port}; up to ${grading.tries ?? 1} times:`,
    grading.command,
    '',
  ].join('\n');
}
