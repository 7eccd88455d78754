import { resolve } from 'node:path';
import { counted } from '../../base/counted.ts';
import { type ImportResult, importFolder } from '../../import/import-folder.ts';
import { defineCommand } from '../flag.ts';
import { withInterrupt } from '../interrupt.ts';
import { print } from '../output.ts';
import { assayVersion } from '../version.ts';

export const importCommand = defineCommand({
  name: 'import',
  summary: 'labelled trajectories of other tools become runs here, for critics and selection',
  description:
    'Each folder holds an index.jsonl (file, instance_id, run, model, resolved) and the files it names: SWE-agent .traj, AutoCodeRover, Moatless, chat completions ' +
    "as LiteLLM logs them. Repeats of one set-up become the attempts of one run; the files are kept whole in the attempts' logs. See docs/critics.md.",
  arguments: [{ name: 'folders', help: 'unpacked folders of trajectories', count: 'many' }],
  flags: {
    runsDir: { kind: 'string', default: 'runs', placeholder: 'folder', help: 'folder of the run folders' },
    replace: { kind: 'boolean', help: 'import anew what was imported before; runs that were made here stay' },
  },
  examples: ['assay import trajectories/sweagent-gpt4-lite-x3 --runs-dir imported'],
  async run({ args, flags }) {
    const result: ImportResult = { runs: [], skipped: [] };
    const onRun = (line: string) => process.stderr.write(flags.quiet || flags.json ? '' : `${line}\n`);
    const common = { runsDir: resolve(flags.runsDir), assayVersion: assayVersion(), replace: flags.replace, onRun };
    await withInterrupt(async (signal) => {
      for (const folder of args) {
        const one = await importFolder({ ...common, folder, signal });
        result.runs.push(...one.runs);
        result.skipped.push(...one.skipped);
      }
    }, 'what was not whole yet is not there; --replace imports the rest with what is');
    print(flags.json, result, summaryText(result));
    return result.skipped.length === 0 ? 0 : 1;
  },
});

function summaryText({ runs, skipped }: ImportResult): string {
  const count = (pick: (run: ImportResult['runs'][number]) => number) => runs.reduce((sum, run) => sum + pick(run), 0);
  const lines = [
    `${counted(runs.length, 'run')} with ${counted(
      count((run) => run.attempts),
      'attempt',
    )}, ${count((run) => run.resolved)} of them resolved`,
    ...(runs.length === 0
      ? []
      : ['their tasks are not here: they can be scored, chosen among and learnt from, not run or tested again']),
    ...runs
      .filter(({ leaking }) => leaking > 0)
      .map(
        ({ runId, leaking }) =>
          `warning: ${runId}: ${counted(leaking, 'trajectory tells', 'trajectories tell')} what the hidden tests said; they are kept out of training`,
      ),
    ...skippedLines(skipped),
  ];
  return `${lines.join('\n')}\n`;
}

/** One line per reason, with an example. */
function skippedLines(skipped: ImportResult['skipped']): string[] {
  const byReason = new Map<string, string[]>();
  for (const { reason, file } of skipped) byReason.set(reason, [...(byReason.get(reason) ?? []), file]);
  return [...byReason].map(([reason, files]) =>
    files.length === 1
      ? `skipped: ${files[0]} ${reason}`
      : `skipped: ${files.length} files, as ${files[0]}, each of which ${reason}`,
  );
}
