/** All formats of trajectories of other tools; the first that matches reads the file. */
import type { TrajectoryFormat } from '../foreign-trajectory.ts';
import { autoCodeRoverFormat } from './auto-code-rover.ts';
import { chatCompletionFormat } from './chat-completion.ts';
import { moatlessFormat } from './moatless.ts';
import { sweAgentFormat } from './swe-agent.ts';

export const TRAJECTORY_FORMATS: readonly TrajectoryFormat[] = [
  sweAgentFormat,
  autoCodeRoverFormat,
  moatlessFormat,
  chatCompletionFormat,
];
