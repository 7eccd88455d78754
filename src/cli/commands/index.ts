/** The commands by the first word of their names, in the order of the help. A module is loaded when its command is called: one does not wait for the code of the others. */
import type { CommandSpec } from '../flag.ts';

const BY_WORD: Readonly<Record<string, () => Promise<readonly CommandSpec[]>>> = {
  demo: async () => [(await import('./demo.ts')).demoCommand],
  run: async () => [(await import('./run.ts')).runCommand],
  resume: async () => [(await import('./resume.ts')).resumeCommand],
  worker: async () => [(await import('./worker.ts')).workerCommand],
  fork: async () => [(await import('./fork.ts')).forkCommand],
  requeue: async () => [(await import('./requeue.ts')).requeueCommand],
  validate: async () => [(await import('./validate.ts')).validateCommand],
  grade: async () => [(await import('./grade.ts')).gradeCommand],
  regrade: async () => [(await import('./regrade.ts')).regradeCommand],
  show: async () => [(await import('./show.ts')).showCommand],
  compare: async () => [(await import('./compare.ts')).compareCommand],
  view: async () => [(await import('./view.ts')).viewCommand],
  select: async () => [(await import('./select.ts')).selectCommand],
  payout: async () => [(await import('./payout.ts')).payoutCommand],
  export: async () => [(await import('./export.ts')).exportCommand],
  import: async () => [(await import('./import.ts')).importCommand],
  async critic() {
    const { criticEvalCommand, criticScoreCommand, criticTrainCommand } = await import('./critic.ts');
    const { criticCalibrateCommand } = await import('./critic-calibrate.ts');
    const { criticExportCommand } = await import('./critic-export.ts');
    return [criticTrainCommand, criticEvalCommand, criticScoreCommand, criticCalibrateCommand, criticExportCommand];
  },
  async dataset() {
    const { datasetCheckCommand, datasetLsCommand, datasetSchemaCommand, datasetShowCommand } = await import(
      './dataset.ts'
    );
    const { datasetPayoutCommand } = await import('./dataset-payout.ts');
    return [datasetLsCommand, datasetShowCommand, datasetCheckCommand, datasetSchemaCommand, datasetPayoutCommand];
  },
  async env() {
    const { envDuCommand, envGcCommand, envLsCommand } = await import('./env.ts');
    const { envExportCommand, envPullCommand } = await import('./env-image.ts');
    const { envBuildCommand } = await import('./env-build.ts');
    const { envShellCommand } = await import('./env-shell.ts');
    return [
      envPullCommand,
      envBuildCommand,
      envShellCommand,
      envExportCommand,
      envLsCommand,
      envDuCommand,
      envGcCommand,
    ];
  },
  serve: async () => [(await import('./serve.ts')).serveCommand],
  async keys() {
    const { keysAddCommand, keysLsCommand, keysRevokeCommand } = await import('./keys.ts');
    return [keysAddCommand, keysLsCommand, keysRevokeCommand];
  },
  doctor: async () => [(await import('./doctor.ts')).doctorCommand],
};

/** All commands, for the help and the reference. */
export async function allCommands(): Promise<readonly CommandSpec[]> {
  return (await Promise.all(Object.values(BY_WORD).map((load) => load()))).flat();
}

/** What the command line can mean: the commands of its first word, or all where it names none. */
export async function commandsFor([word = '']: readonly string[]): Promise<readonly CommandSpec[]> {
  const load = Object.hasOwn(BY_WORD, word) ? BY_WORD[word] : undefined;
  return load === undefined ? allCommands() : load();
}
