/** Runs test files of the untouched repository one by one, and notes which lines of some files each executes. */
import { z } from 'zod';
import type { Sandbox } from '../../../contracts/index.ts';
import { exec } from '../../../sandbox/exec.ts';
import { sandboxFiles } from '../../../sandbox/files.ts';
import type { BaseRepository } from '../base-repository.ts';
import { commandFor } from '../test-files.ts';
import { type Testing, withSandbox } from '../testing.ts';
import { type ExecutedLines, type Execution, joinExecutions } from './executed-lines.ts';
import { NODE_READER } from './node-reader.ts';
import { PYTHON_TRACER } from './python-tracer.ts';
import type { MeasuredTests } from './rank-by-coverage.ts';
import { v8Lines } from './v8-lines.ts';

export interface CoverageQuestion {
  /** Test files, in the order in which they are run as long as there is time. */
  tests: readonly string[];
  /** Whose lines are wanted. */
  files: readonly string[];
}

export interface MeasuredCoverage {
  /** Of the test files that were run; one whose run left nothing has no lines. */
  measured: MeasuredTests[];
  /** Test files for which there was no time. */
  unmeasured: string[];
}

/** Of one test file, and of all of them. */
const FILE_SECONDS = 60;
const ALL_SECONDS = 600;

const HOME = '/tmp/assay-coverage';
const FOLDER = `${HOME}/found`;

/** What the tests do, fail or not end, is their matter. Throws only for infrastructure and `cancelled`. */
export async function measureCoverage(
  testing: Testing,
  repository: BaseRepository,
  { tests, files }: CoverageQuestion,
): Promise<MeasuredCoverage> {
  const { grading, language } = testing.instance.task;
  const texts = new Map<string, string>();
  for (const path of files) {
    const file = await repository.read(path);
    if (file !== null) texts.set(path, file.content.toString('utf8'));
  }
  return await withSandbox(testing, async (sandbox) => {
    const probe = language === 'python' ? pythonProbe(sandbox, testing, texts) : nodeProbe(sandbox, testing, texts);
    await probe.prepare();
    const result: MeasuredCoverage = { measured: [], unmeasured: [] };
    const deadline = performance.now() + ALL_SECONDS * 1000;
    for (const file of tests) {
      const command = commandFor(grading.command, grading.parser, [file]);
      const left = (deadline - performance.now()) / 1000;
      if (command === null || left <= 0) {
        result.unmeasured.push(file);
        continue;
      }
      const timeoutSeconds = Math.min(left, FILE_SECONDS, grading.timeoutSeconds);
      await exec(sandbox, ['rm', '-rf', FOLDER], { cwd: '/' });
      await exec(sandbox, ['mkdir', '-p', FOLDER], { cwd: '/' });
      await exec(sandbox, ['bash', '-c', command], {
        cwd: sandbox.spec.workdir,
        env: probe.env,
        timeoutSeconds,
        maxBytes: 0,
        signal: testing.signal,
      });
      result.measured.push({ file, execution: await probe.read() });
    }
    return result;
  });
}

/** One way of learning which lines a command executes. */
interface Probe {
  /** For the command. */
  env: Record<string, string>;
  prepare(): Promise<void>;
  /** What the last command left. */
  read(): Promise<Execution>;
}

const pythonSchema = z.record(
  z.string(),
  z.object({ functions: z.array(z.number().int()), import: z.array(z.number().int()) }),
);

function pythonProbe(sandbox: Sandbox, { environment, signal }: Testing, texts: ReadonlyMap<string, string>): Probe {
  const { workdir } = sandbox.spec;
  const searched = [HOME, ...(environment.env.PYTHONPATH === undefined ? [] : [environment.env.PYTHONPATH])];
  return {
    env: { ...questionEnv(workdir, texts), PYTHONPATH: searched.join(':') },
    prepare: () => sandboxFiles(sandbox).write(`${HOME}/sitecustomize.py`, PYTHON_TRACER),
    async read() {
      const found = await exec(sandbox, ['bash', '-c', `cat ${FOLDER}/*.json`], { cwd: '/', signal });
      const executions = jsonLines(found.stdout.toString()).flatMap((line): Execution[] => {
        const parsed = pythonSchema.safeParse(line);
        if (!parsed.success) return [];
        return [
          new Map(
            Object.entries(parsed.data).map(([path, lines]): [string, ExecutedLines] => [
              path.slice(workdir.length + 1),
              { inFunctions: new Set(lines.functions), atImport: new Set(lines.import) },
            ]),
          ),
        ];
      });
      return joinExecutions(executions);
    },
  };
}

const nodeSchema = z.tuple([
  z.string(),
  z.array(
    z.object({
      functionName: z.string(),
      ranges: z.array(
        z.object({ startOffset: z.number().int(), endOffset: z.number().int(), count: z.number().int() }),
      ),
    }),
  ),
]);

function nodeProbe(sandbox: Sandbox, { signal }: Testing, texts: ReadonlyMap<string, string>): Probe {
  const { workdir } = sandbox.spec;
  const question = questionEnv(workdir, texts);
  return {
    env: { NODE_V8_COVERAGE: FOLDER },
    prepare: async () => {},
    async read() {
      const found = await exec(sandbox, ['node', '-'], { cwd: '/', env: question, input: NODE_READER, signal });
      const executions = jsonLines(found.stdout.toString()).flatMap((line): Execution[] => {
        const parsed = nodeSchema.safeParse(line);
        if (!parsed.success) return [];
        const [place, functions] = parsed.data;
        const path = place.slice(workdir.length + 1);
        return [new Map([[path, v8Lines(functions, texts.get(path) ?? '')]])];
      });
      return joinExecutions(executions);
    },
  };
}

function questionEnv(workdir: string, texts: ReadonlyMap<string, string>) {
  const files = [...texts.keys()].map((path) => `${workdir}/${path}`);
  return { ASSAY_COVERAGE_FILES: files.join('\n'), ASSAY_COVERAGE_FOLDER: FOLDER };
}

/** Lines that are no JSON are passed over: what a killed process left. */
function jsonLines(text: string): unknown[] {
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as unknown];
    } catch {
      return [];
    }
  });
}
