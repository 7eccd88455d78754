/** What the remote runtimes of OpenHands send to `/start`, as a sandbox of ours. Unknown members are passed over: their clients differ by version. */
import { z } from 'zod';
import { type ImageFacts, type Sandbox, type SandboxSpec, sandboxLimitsSchema } from '../../contracts/index.ts';
import { exec } from '../../sandbox/exec.ts';
import { absolutePathSchema, variablesSchema } from '../../sandbox/remote/api.ts';

export const openHandsStartSchema = z.object({
  image: z.string().min(1),
  /** Words, or one line for a shell. */
  command: z.union([z.string(), z.array(z.string())]).optional(),
  working_dir: absolutePathSchema.optional(),
  environment: variablesSchema.default({}),
  session_id: z.string().min(1).max(128),
  /** Multiplies CPU and memory. */
  resource_factor: z.union([z.literal(1), z.literal(2), z.literal(4), z.literal(8)]).default(1),
});
export type OpenHandsStart = z.infer<typeof openHandsStartSchema>;

const DEFAULT_ENV: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  // Their server would fetch a price list when it starts, and does not come up without a network.
  LITELLM_LOCAL_MODEL_COST_MAP: 'True',
};
/** The header of the data plane there; the server inside checks it against this variable. */
const SESSION_VARIABLE = 'SESSION_API_KEY';

/** What the program printed, in the sandbox. */
const LOG = '/tmp/openhands-runtime.log';
const LAST_BYTES = 4_000;
const LAST_WORDS_SECONDS = 5;

/** The sandbox that the request asks for, on the image as it is now. */
export function openHandsSpec(start: OpenHandsStart, image: ImageFacts): SandboxSpec {
  const limits = sandboxLimitsSchema.parse({});
  const { resource_factor: factor } = start;
  return {
    base: { kind: 'image', reference: image.digest },
    layers: [],
    limits: { ...limits, memoryBytes: limits.memoryBytes * factor, cpus: limits.cpus * factor },
    network: 'none',
    env: { ...DEFAULT_ENV, ...image.env, ...start.environment },
    workdir: start.working_dir ?? image.workdir,
    labels: { purpose: 'openhands', session: start.session_id },
  };
}

/** The program to start, and the variables that tell it its key; null when the client starts nothing. */
export function openHandsProgram({ command }: OpenHandsStart, sessionKey: string) {
  if (command === undefined || command.length === 0) return null;
  const words = typeof command === 'string' ? ['sh', '-c', command] : command;
  // Nobody reads what it prints from here: it would stop at a full pipe.
  return { argv: ['sh', '-c', `exec "$@" > ${LOG} 2>&1`, 'sh', ...words], env: { [SESSION_VARIABLE]: sessionKey } };
}

/** The end of what the program printed. */
export async function lastWords(sandbox: Sandbox): Promise<string> {
  const argv = ['tail', '-c', String(LAST_BYTES), LOG];
  const { stdout } = await exec(sandbox, argv, { timeoutSeconds: LAST_WORDS_SECONDS });
  return stdout.toString();
}
