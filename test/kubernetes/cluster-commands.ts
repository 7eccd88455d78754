/** The commands of users on a cluster: a scripted run on pods, and the same through `assay serve`. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/dataset/package-root.ts';
import type { RunReport } from '../../src/report/run-report.ts';
import { BUILT_PROGRAM, runBuiltProgram } from '../support/built-program.ts';
import { LAB_IMAGE, LAB_KUBECONFIG, labPodNames } from '../support/lab-cluster.ts';

const TASK = 'almanac-month-end';
const SETTINGS = { kubeconfig: LAB_KUBECONFIG, imagePullPolicy: 'Never', networkPolicy: 'trusted' };

export function describeCommands(): void {
  describe('commands', () => {
    const home = mkdtempSync(join(tmpdir(), 'assay-kubernetes-commands-'));
    chmodSync(home, 0o711);
    const settings = join(home, 'cluster.yaml');
    writeFileSync(settings, JSON.stringify({ ...SETTINGS, requests: { cpu: 0.05 } }));
    const { PATH = '' } = process.env;
    const envOf = (name: string) => ({ PATH, HOME: home, ASSAY_HOME: join(home, name) });
    const onCluster = { ...envOf('server'), ASSAY_KUBERNETES: settings };
    afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 }));

    const run = async (sandbox: string, env: NodeJS.ProcessEnv) => {
      const tasks = ['run', 'tasks/starter', '-i', TASK, '-m', 'scripted:tasks/demo-script.yaml'];
      const place = ['--sandbox', sandbox, '--image', LAB_IMAGE, '--runs-dir', join(home, 'runs'), '--json'];
      const { code, stdout, stderr } = await runBuiltProgram([...tasks, ...place], { cwd: packageRoot(), env });
      expect([code, stderr]).toEqual([0, expect.any(String)]);
      return JSON.parse(stdout) as RunReport;
    };

    test('assay run on pods solves its task and leaves none of them', async () => {
      const report = await run('kubernetes', onCluster);
      expect(report).toMatchObject({ resolved: 1 });
      expect(await labPodNames()).toEqual([]);
    }, 480_000);

    test('assay serve gives pods to clients', async () => {
      const { stdout } = await runBuiltProgram(['keys', 'add', 'test', '--json'], { cwd: home, env: onCluster });
      const { key } = JSON.parse(stdout) as { key: string };
      const [node, program] = BUILT_PROGRAM;
      const flags = ['--port', '0', '--sandbox', 'kubernetes', '--registry', 'assay.lab', '--json'];
      const server = spawn(node, [program, 'serve', ...flags], {
        env: onCluster,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = new Promise((resolve) => server.on('exit', resolve));
      try {
        const url = await firstUrl(createInterface({ input: server.stdout }));
        const report = await run('remote', { ...envOf('client'), ASSAY_SERVER: url, ASSAY_SERVER_KEY: key });
        expect(report).toMatchObject({ resolved: 1 });
      } finally {
        server.kill('SIGTERM');
      }
      expect(await ended).toBe(0);
      expect(await labPodNames()).toEqual([]);
    }, 480_000);
  });
}

/** Of what `assay serve --json` prints. */
async function firstUrl(lines: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const line of lines) {
    text += line;
    const url = /"url":\s*"([^"]+)"/.exec(text)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error(`the server ended: ${text}`);
}
