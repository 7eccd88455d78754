/**
 * A test that shows the bug of the issue, written by a model: sampled several times, kept when it shows the bug on the untouched repository, put in one form, and chosen by
 * majority. The protocol of phrases is that of Agentless (Xia et al. 2024).
 */

import { mapLimited } from '../../base/map-limited.ts';
import { type Failure, type ModelRequest, type TaskFile, type TaskInstance, toFailure } from '../../contracts/index.ts';
import { applyPatch } from '../../grading/apply-patch.ts';
import { exec } from '../../sandbox/exec.ts';
import { sandboxFiles } from '../../sandbox/files.ts';
import type { TestReport } from '../candidate.ts';
import { majorityVote } from '../majority-vote.ts';
import { syntaxKey } from '../votes/syntax-key.ts';
import type { NoTests } from './regression-tests.ts';
import { type Adviser, type Testing, withSandbox } from './testing.ts';

export interface ReproductionTest {
  path: string;
  script: string;
  /** Scripts that were sampled, and those that showed the bug. */
  sampled: number;
  valid: number;
}

const PHRASES = { present: 'Issue reproduced', gone: 'Issue resolved', other: 'Other issues' } as const;
/** A script that takes longer than this, or than the task's own tests may, shows nothing. */
const MAX_SECONDS = 120;
const MAX_BYTES = 4 * 1024 ** 2;
const SAMPLES_AT_A_TIME = 4;
const TEMPERATURE = 0.8;
const MAX_TOKENS = 4_096;

interface ScriptLanguage {
  path: string;
  program: string;
  name: string;
}

/** In which scripts are written; there are none for tasks in another language. */
const LANGUAGES: Readonly<Partial<Record<TaskFile['language'], ScriptLanguage>>> = {
  python: { path: 'assay_reproduce_issue.py', program: 'python3', name: 'Python' },
  javascript: { path: 'assay-reproduce-issue.mjs', program: 'node', name: 'JavaScript (an ES module for Node.js)' },
  typescript: { path: 'assay-reproduce-issue.mjs', program: 'node', name: 'JavaScript (an ES module for Node.js)' },
};

/** Samples `samples` scripts, the first at temperature 0. Throws only for infrastructure, the model and `cancelled`. */
export async function findReproductionTest(
  testing: Testing,
  samples: number,
  adviser: Adviser,
): Promise<ReproductionTest | NoTests> {
  const { language: written } = testing.instance.task;
  const language = LANGUAGES[written];
  if (language === undefined) return { none: `there are no scripts in ${written}` };
  const numbers = Array.from({ length: samples }, (_, at) => at);
  const { signal } = testing;
  const failures: Failure[] = [];
  const replies = await mapLimited(numbers, SAMPLES_AT_A_TIME, async (at) => {
    try {
      return await sampleScript(testing, language, adviser, at);
    } catch (error) {
      signal.throwIfAborted();
      // One call that fails takes nothing from the others.
      if (failures.push(toFailure(error)) === samples) throw error;
      return null;
    }
  });
  const scripts = replies.flatMap((script) => script ?? []);
  const shown = await mapLimited(scripts, SAMPLES_AT_A_TIME, (script) =>
    withSandbox(testing, async (sandbox) => {
      const output = await runScript(testing, language, sandbox, script);
      return output === 'time-out' ? null : outcomeOf(output);
    }),
  );
  const valid = scripts.filter((_, at) => shown[at] === 'present');
  const votes = valid.map((script) => ({ vote: syntaxKey(language.path, script) }));
  const script = valid[majorityVote(votes)];
  if (script === undefined)
    return { none: `none of ${samples - failures.length} scripts shows the bug on the untouched repository` };
  return { path: language.path, script, sampled: samples - failures.length, valid: valid.length };
}

/** Applies the patch in a fresh sandbox and runs the script there. Throws only for infrastructure and `cancelled`. */
export async function runReproductionTest(
  testing: Testing,
  { script }: ReproductionTest,
  patch: string,
): Promise<TestReport> {
  const { environment, instance, signal } = testing;
  const language = LANGUAGES[instance.task.language];
  if (language === undefined) return { kind: 'missing', why: `there are no scripts in ${instance.task.language}` };
  if (patch.trim() === '') return { kind: 'missing', why: 'the patch is empty' };
  return await withSandbox(testing, async (sandbox) => {
    const { workdir, baseCommit } = environment;
    const visible = { ...instance, hiddenFiles: [] };
    const { applied } = await applyPatch(sandbox, visible, patch, { workdir, baseCommit, signal });
    if (!applied) return { kind: 'missing', why: 'the patch does not apply' };
    const output = await runScript(testing, language, sandbox, script);
    if (output === 'time-out') return { kind: 'missing', why: `it did not end in ${secondsFor(instance)} s` };
    return { kind: 'report', broken: outcomeOf(output) === 'gone' ? [] : ['reproduction'] };
  });
}

async function sampleScript(
  { instance, signal }: Testing,
  { name, path }: ScriptLanguage,
  adviser: Adviser,
  at: number,
): Promise<string | null> {
  const text = `Issue:\n\n${instance.problemStatement}\n\nWrite one complete program in ${name} that shows whether this issue is present. It is saved as ${path} in the root folder of the repository and run from there, without network and without arguments. It prints exactly one of these lines:\n\n${PHRASES.present}\n${PHRASES.gone}\n${PHRASES.other}\n\nThe first when the behaviour is still wrong, the second when it is as the issue asks, the third when something else goes wrong. Answer with the program in one fenced code block.`;
  const request: ModelRequest = {
    system: 'You write short programs that reproduce bugs.',
    messages: [{ role: 'user', content: [{ type: 'text', text }] }],
    tools: [],
    maxOutputTokens: MAX_TOKENS,
    temperature: at === 0 ? 0 : TEMPERATURE,
  };
  const reply = await adviser.model.complete(request, { callKey: `${adviser.callKey}/reproduction-${at + 1}`, signal });
  const answer = reply.message.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
  return /```[a-z]*\r?\n([\s\S]*?)```/i.exec(answer)?.[1] ?? null;
}

async function runScript(
  { instance, signal }: Testing,
  { path, program }: ScriptLanguage,
  sandbox: Parameters<typeof exec>[0],
  script: string,
): Promise<string> {
  const { workdir } = sandbox.spec;
  await sandboxFiles(sandbox).write(`${workdir}/${path}`, script);
  const result = await exec(sandbox, [program, path], {
    cwd: workdir,
    stderr: 'merge',
    timeoutSeconds: secondsFor(instance),
    maxBytes: MAX_BYTES,
    signal,
  });
  return result.timedOut ? 'time-out' : result.stdout.toString();
}

function secondsFor({ task }: TaskInstance): number {
  return Math.min(MAX_SECONDS, task.grading.timeoutSeconds);
}

/** Which one phrase was printed; null for none or several. */
function outcomeOf(output: string): keyof typeof PHRASES | null {
  const printed = (['present', 'gone', 'other'] as const).filter((key) => output.includes(PHRASES[key]));
  return printed.length === 1 ? (printed[0] ?? null) : null;
}
