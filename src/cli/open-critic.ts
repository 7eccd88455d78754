/** Critics by the name that a user gives. */
import { AssayError, type Critic, type RunRecord } from '../contracts/index.ts';
import { firstCritic, lastCritic, oracleCritic, randomCritic, shortestCritic } from '../select/baseline-critics.ts';

/** Critics that can value an attempt before it has a verdict. */
export const LIVE_CRITIC_HELP = 'first, last, shortest, random';
export const CRITIC_HELP = `${LIVE_CRITIC_HELP}, oracle`;

/** Whoever opens it closes it. Throws `usage` for an unknown name. `runs`: where the oracle looks up verdicts. */
export async function openCritic(name: string, runs: readonly RunRecord[], seed: number): Promise<Critic> {
  switch (name) {
    case 'first':
      return firstCritic;
    case 'last':
      return lastCritic;
    case 'shortest':
      return shortestCritic;
    case 'random':
      return randomCritic(seed);
    case 'oracle':
      return oracleOf(runs);
    default:
      throw new AssayError('usage', `there is no critic ${name}`, {
        class: 'input',
        retryable: false,
        hint: `Known are: ${CRITIC_HELP}.`,
      });
  }
}

/** A critic for attempts that still go on: there the oracle has nothing to look up. Throws `usage`. */
export async function openLiveCritic(name: string): Promise<Critic> {
  if (name !== 'oracle') return await openCritic(name, [], 1);
  throw usage('the oracle knows verdicts, and there is none while an attempt goes on');
}

/** Refuses settings that need a critic and name none, and a critic that cannot be opened. Throws `usage`. */
export async function checkCritic(settings: {
  critic?: string | undefined;
  lookahead?: number | undefined;
  untilScore?: number | undefined;
  recoverFall?: number | undefined;
  recover?: boolean | undefined;
  temperature?: number | undefined;
}): Promise<void> {
  const { critic, lookahead, untilScore, recover, recoverFall, temperature } = settings;
  const needs = { '--lookahead': lookahead, '--until-score': untilScore, '--recover-fall': recoverFall };
  const asked = Object.entries(needs).flatMap(([flag, value]) => (value === undefined ? [] : [flag]));
  if (critic === undefined && asked.length > 0) throw usage(`${asked.join(' and ')}: --critic is needed`);
  if (recoverFall !== undefined && recover !== true) throw usage('--recover-fall needs --recover');
  if (lookahead !== undefined && temperature === 0)
    throw usage('--lookahead at temperature 0 would compare equal replies');
  if (critic !== undefined) await (await openLiveCritic(critic)).close();
}

function usage(message: string): AssayError {
  return new AssayError('usage', message, { class: 'input', retryable: false });
}

function oracleOf(runs: readonly RunRecord[]): Critic {
  const key = (runId: string, instanceId: string, attempt: number) => `${runId}\0${instanceId}\0${attempt}`;
  const resolved = new Set(
    runs.flatMap(({ manifest, attempts }) =>
      attempts
        .filter((one) => one.report?.resolved === true)
        .map((one) => key(manifest.runId, one.instanceId, one.attempt)),
    ),
  );
  return oracleCritic(({ runId, instanceId, attempt }) => resolved.has(key(runId, instanceId, attempt)));
}
