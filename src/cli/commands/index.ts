/** All commands, in the order of the help. */
import type { CommandSpec } from '../flag.ts';
import { compareCommand } from './compare.ts';
import { criticEvalCommand, criticScoreCommand, criticTrainCommand } from './critic.ts';
import { criticCalibrateCommand } from './critic-calibrate.ts';
import { criticExportCommand } from './critic-export.ts';
import { datasetCheckCommand, datasetLsCommand, datasetSchemaCommand, datasetShowCommand } from './dataset.ts';
import { datasetPayoutCommand } from './dataset-payout.ts';
import { demoCommand } from './demo.ts';
import { doctorCommand } from './doctor.ts';
import { envDuCommand, envGcCommand, envLsCommand } from './env.ts';
import { envBuildCommand } from './env-build.ts';
import { envExportCommand, envPullCommand } from './env-image.ts';
import { envShellCommand } from './env-shell.ts';
import { exportCommand } from './export.ts';
import { forkCommand } from './fork.ts';
import { gradeCommand } from './grade.ts';
import { importCommand } from './import.ts';
import { keysAddCommand, keysLsCommand, keysRevokeCommand } from './keys.ts';
import { payoutCommand } from './payout.ts';
import { regradeCommand } from './regrade.ts';
import { requeueCommand } from './requeue.ts';
import { resumeCommand } from './resume.ts';
import { runCommand } from './run.ts';
import { selectCommand } from './select.ts';
import { serveCommand } from './serve.ts';
import { showCommand } from './show.ts';
import { validateCommand } from './validate.ts';
import { viewCommand } from './view.ts';
import { workerCommand } from './worker.ts';

export const COMMANDS: readonly CommandSpec[] = [
  demoCommand,
  runCommand,
  resumeCommand,
  workerCommand,
  forkCommand,
  requeueCommand,
  validateCommand,
  gradeCommand,
  regradeCommand,
  showCommand,
  compareCommand,
  viewCommand,
  selectCommand,
  payoutCommand,
  exportCommand,
  importCommand,
  criticTrainCommand,
  criticEvalCommand,
  criticScoreCommand,
  criticCalibrateCommand,
  criticExportCommand,
  datasetLsCommand,
  datasetShowCommand,
  datasetCheckCommand,
  datasetSchemaCommand,
  datasetPayoutCommand,
  envPullCommand,
  envBuildCommand,
  envShellCommand,
  envExportCommand,
  envLsCommand,
  envDuCommand,
  envGcCommand,
  serveCommand,
  keysAddCommand,
  keysLsCommand,
  keysRevokeCommand,
  doctorCommand,
];
