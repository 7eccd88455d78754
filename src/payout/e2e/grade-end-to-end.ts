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
import { type Decision, decideVerdict } from '../../grading/decide-verdict.ts';
import type { GradeAttemptInput, GradeAttemptResult } from '../../grading/grade-attempt.ts';
import { exec } from '../../sandbox/exec.ts';
import { sandboxFiles } from '../../sandbox/files.ts';
import { KIT } from './browser-kit.ts';
import { ARTIFACTS } from './browser-sandbox.ts';
import { collectArtifacts } from './collect-artifacts.ts';
import { type RunningApp, withRunningApp } from './running-app.ts';

/** Output of the tests beyond this is not kept. */
const MAX_OUTPUT_BYTES = 16 * 1024 ** 2;
/** Then a video is missing: on a busy machine the verdict should not wait for it. */
const VIDEO_SECONDS = 30;
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
  let last = await tryOnce(input, app, 1);
  const tries = [last];
  while (tries.length < most && TRIED_AGAIN.includes(last.decision.verdict)) {
    const number = tries.length + 1;
    await input.beforeTry?.(number, last.decision.verdict);
    last = await tryOnce(input, app, number);
    tries.push(last);
  }
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

function tryOnce(input: GradeAttemptInput, app: AppServer, number: number): Promise<Try> {
  return withRunningApp(input, app, async (state) => {
    const { restoredFiles, madeBy } = state;
    const nothing = { exitCode: null, artifacts: [], restoredFiles, sandbox: madeBy };
    if (state.kind !== 'running') {
      const [verdict, patchApplied]: [Verdict, boolean] =
        state.kind === 'patch-failed' ? ['patch-failed', false] : ['crashed', true];
      return { ...nothing, decision: failed(input, verdict), output: state.log(), patchApplied };
    }
    const run = await runTests(input, app, state);
    await makeVideos(state);
    const artifacts = await collectArtifacts(state.sandbox, ARTIFACTS, `try-${number}-`);
    const output = `${run.output}\n# the application said:\n${quoted(state.log())}`;
    return { ...nothing, ...run, output, patchApplied: true, artifacts };
  });
}

/** Of what the tests filmed, after them: it takes none of their time. A video more or less is no failure. */
async function makeVideos({ sandbox, browser }: RunningApp): Promise<void> {
  await exec(sandbox, ['node', `${KIT}/films-to-webm.mjs`], { env: browser.env, timeoutSeconds: VIDEO_SECONDS });
}

async function runTests(input: GradeAttemptInput, app: AppServer, { sandbox, browser }: RunningApp) {
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
