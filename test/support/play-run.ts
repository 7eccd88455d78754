/** A run for tests that start processes: small tasks in a folder, and a script that solves each in three commands, with time between them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { writeSampleTask } from './sample-task.ts';

export interface PlayedRun {
  /** Arguments of `assay run`: the tasks and the model. */
  args: string[];
  attempts: number;
}

/** Writes `tasks/` and `script.yaml` into the folder. */
export function writePlayedRun(
  folder: string,
  { tasks, attempts, latencyMs }: { tasks: number; attempts: number; latencyMs: number },
): PlayedRun {
  const ids = Array.from({ length: tasks }, (_, index) => `task-${index}`);
  for (const id of ids) writeSampleTask(join(folder, 'tasks'), id);
  const fix = "sed -i 's/Math.abs(value)/value/' src/sum.mjs";
  const commands = ['cat src/sum.mjs', fix, 'cat src/sum.mjs'];
  const steps = [
    ...commands.map((command) => ({ latencyMs, calls: [{ tool: 'bash', input: { command } }] })),
    { latencyMs, say: 'Done.' },
  ];
  const script = join(folder, 'script.yaml');
  writeFileSync(script, stringify({ usdPerReply: 0.01, instances: Object.fromEntries(ids.map((id) => [id, steps])) }));
  return {
    args: [join(folder, 'tasks'), '--model', `scripted:${script}`, '-k', String(attempts)],
    attempts: tasks * attempts,
  };
}
