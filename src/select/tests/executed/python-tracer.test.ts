import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { describeRequiring } from '../../../../test/support/requirements.ts';
import { PYTHON_TRACER } from './python-tracer.ts';

const home = realpathSync(mkdtempSync(join(tmpdir(), 'assay-python-')));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const hasPython = spawnSync('python3', ['-c', 'pass']).status === 0;

const SOURCE = `LIMIT = 3


class Box:
    size = LIMIT

    def used(self, value):
        if value > LIMIT:
            return -1
        return value


def idle():
    return LIMIT
`;

/** What the tracer wrote, process by process. */
function traced(program: string, more: Record<string, string> = {}) {
  const [tracer, found, work] = ['tracer', 'found', 'work'].map((name) => join(home, name));
  if (tracer === undefined || found === undefined || work === undefined) throw new Error('three folders');
  rmSync(found, { recursive: true, force: true });
  for (const folder of [tracer, found, work]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(tracer, 'sitecustomize.py'), PYTHON_TRACER);
  writeFileSync(join(work, 'box.py'), SOURCE);
  writeFileSync(join(work, 'program.py'), program);
  const env = {
    PATH: process.env.PATH,
    PYTHONPATH: [tracer, ...(more.PYTHONPATH === undefined ? [] : [more.PYTHONPATH])].join(':'),
    ASSAY_COVERAGE_FOLDER: found,
    ASSAY_COVERAGE_FILES: `${join(work, 'box.py')}\n/nowhere.py`,
  };
  const printed = execFileSync('python3', ['program.py'], { cwd: work, env }).toString();
  const lines = readdirSync(found).map((name) => JSON.parse(readFileSync(join(found, name), 'utf8')));
  return { printed, lines, path: join(work, 'box.py') };
}

describeRequiring('python3', hasPython ? undefined : 'there is no python3', 'the tracer for Python', () => {
  test('lines of functions stand apart from those that run when the module is loaded', () => {
    const { lines, path } = traced('import box\nbox.Box().used(1)\n');
    expect(lines).toHaveLength(1);
    expect(lines[0][path].functions).toEqual([8, 10]);
    expect(lines[0][path].import).toEqual(expect.arrayContaining([1, 4, 5, 7, 13]));
  });

  test('threads and child processes are seen too', () => {
    const { lines, path } = traced(
      [
        'import subprocess, sys, threading, box',
        'thread = threading.Thread(target=box.idle)',
        'thread.start()',
        'thread.join()',
        "subprocess.run([sys.executable, '-c', 'import box; box.Box().used(9)'], check=True)",
        '',
      ].join('\n'),
    );
    expect(lines.map((one) => one[path].functions).sort()).toEqual([[14], [8, 9]]);
  });

  test("the environment's own sitecustomize runs as it would, and the tracer's folder is not on the path", () => {
    const own = join(home, 'own');
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, 'sitecustomize.py'), 'import builtins\nbuiltins.OWN = "own"\n');
    const program = 'import box, sys\nbox.idle()\nprint(OWN, any("tracer" in one for one in sys.path))\n';
    const { printed, lines, path } = traced(program, { PYTHONPATH: own });
    expect(printed.trim()).toBe('own False');
    expect(lines[0][path].functions).toEqual([14]);
  });
});
