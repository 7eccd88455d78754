/** One attempt of a scripted model at the split-cent task, in real sandboxes and graded. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assayPaths } from '../../src/base/paths.ts';
import {
  type Agent,
  type RunEvent,
  type RunManifest,
  type RunRecord,
  type SandboxBackend,
  sandboxLimitsSchema,
} from '../../src/contracts/index.ts';
import { loadDataset } from '../../src/dataset/load-dataset.ts';
import { createEnvironmentBuilder } from '../../src/environment/environment-builder.ts';
import { capturePatch } from '../../src/grading/capture-patch.ts';
import { gradeAttempt } from '../../src/grading/grade-attempt.ts';
import { openScriptedModel } from '../../src/model/scripted-model.ts';
import type { RunPorts } from '../../src/run/ports.ts';
import { runAll } from '../../src/run/run-all.ts';
import { openWorkspace } from '../../src/sandbox/workspace.ts';
import { createRun } from '../../src/store/file-run-store.ts';
import { manifestOf } from './run-fixtures.ts';
import { TASK } from './split-cent.ts';

export interface ScriptedAttemptOptions {
  /** Folder of the project's state and of the runs. */
  home: string;
  backend: SandboxBackend;
  runId: string;
  agent: Agent;
  /** Of the scripted model, for the task alone; each reply costs a cent. */
  steps: readonly unknown[];
  ports(manifest: RunManifest): Partial<RunPorts>;
}

/** What a scripted model says: one command. */
export const bash = (command: string) => ({ calls: [{ tool: 'bash', input: { command } }] });

export async function scriptedAttempt(
  options: ScriptedAttemptOptions,
): Promise<{ record: RunRecord; events: RunEvent[] }> {
  const { home, backend, runId, agent, steps, ports } = options;
  const script = join(home, `${runId}.json`);
  writeFileSync(script, JSON.stringify({ usdPerReply: 0.01, instances: { [TASK]: steps } }));
  const dataset = await loadDataset('tasks/starter');
  const instances = dataset.instances.filter((one) => one.instanceId === TASK);
  const manifest = manifestOf(runId, [], {
    dataset: {
      name: dataset.name,
      reference: dataset.reference,
      digest: dataset.digest,
      instances: instances.map(({ instanceId, digest, task }) => ({ instanceId, digest, repo: task.repo })),
    },
    agent: { name: agent.name, digest: agent.digest },
    model: { id: `scripted:${script}`, parameters: {} },
    sandboxLimits: sandboxLimitsSchema.parse({}),
  });
  const run = await createRun(join(home, 'runs'), manifest);
  const events: RunEvent[] = [];
  try {
    const record = await runAll({
      run,
      instances,
      jobs: 1,
      observe: (event) => events.push(event),
      ports: {
        backend,
        environments: createEnvironmentBuilder({ backend, paths: assayPaths(home) }),
        gradeAttempt,
        agent,
        openModel: () => openScriptedModel(script),
        capturePatch,
        openWorkspace: (sandbox) => openWorkspace(sandbox),
        ...ports(manifest),
      },
    });
    return { record, events };
  } finally {
    await run.close();
  }
}
