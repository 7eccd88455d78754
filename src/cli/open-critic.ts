/** Critics by the name that a user gives. */
import { resolve } from 'node:path';
import { AssayError, type Critic, type PairJudge, type RunRecord } from '../contracts/index.ts';
import { calibratedCritic } from '../critic/calibrated/calibrated-critic.ts';
import { readCalibrationFile } from '../critic/calibrated/calibration-file.ts';
import { readCriticFile } from '../critic/embedded/critic-file.ts';
import { embeddedCritic } from '../critic/embedded/embedded-critic.ts';
import { finiteCritic } from '../critic/finite-critic.ts';
import { judgeCritic } from '../critic/remote/judge-critic.ts';
import { pairJudge } from '../critic/remote/pair-judge.ts';
import { poolingCritic } from '../critic/remote/pooling-critic.ts';
import type { CriticEndpoint } from '../critic/remote/post-json.ts';
import { RUBRIC_LABELS, rubricCritic } from '../critic/remote/rubric-critic.ts';
import { firstCritic, lastCritic, oracleCritic, randomCritic, shortestCritic } from '../select/baseline-critics.ts';

/** Critics that can value an attempt before it has a verdict. */
export const LIVE_CRITIC_HELP =
  'first, last, shortest, random, embedded:FILE, openhands-32b:URL#MODEL, rubric:URL#MODEL, judge:URL#MODEL, judge-patch:URL#MODEL, calibrated:FILE';
export const CRITIC_HELP = `${LIVE_CRITIC_HELP}, oracle`;
/** They compare attempts and score none alone. */
export const PAIR_JUDGE_HELP = 'judge-pairs:URL#MODEL, judge-patch-pairs:URL#MODEL';

/** Whoever opens it closes it. Throws `usage` for an unknown name. `runs`: where the oracle looks up verdicts. */
export async function openCritic(name: string, runs: readonly RunRecord[], seed: number): Promise<Critic> {
  return finiteCritic(await openNamed(name, runs, seed));
}

async function openNamed(name: string, runs: readonly RunRecord[], seed: number): Promise<Critic> {
  const [kind, rest] = splitName(name);
  switch (kind) {
    case 'first':
      return firstCritic;
    case 'last':
      return lastCritic;
    case 'shortest':
      return shortestCritic;
    case 'random':
      return randomCritic(seed);
    case 'embedded':
      return embeddedCritic(await readCriticFile(resolve(rest)));
    case 'openhands-32b':
      return poolingCritic(endpointOf(name, rest));
    case 'rubric':
      return rubricCritic(endpointOf(name, rest), RUBRIC_LABELS['openhands-4b-v1.0'] ?? []);
    case 'judge':
      return judgeCritic(endpointOf(name, rest), { view: 'trajectory' });
    case 'judge-patch':
      return judgeCritic(endpointOf(name, rest), { view: 'patch' });
    case 'calibrated':
      return await openCalibrated(resolve(rest), runs, seed);
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

/** A critic that stands in a file with its calibration. Throws `config-invalid` for one that is calibrated in itself. */
async function openCalibrated(path: string, runs: readonly RunRecord[], seed: number): Promise<Critic> {
  const file = await readCalibrationFile(path);
  const { critic: name } = file;
  const critic = await openNamed(name, runs, seed);
  if (!critic.calibrated) return calibratedCritic(critic, file);
  await critic.close();
  throw new AssayError('config-invalid', `${path} calibrates ${name}, which gives probabilities already`, {
    class: 'input',
    retryable: false,
  });
}

/** A judge of pairs; undefined when the name is not one of such a judge. Throws `usage` without URL or model. Whoever opens it closes it. */
export function openPairJudge(name: string): PairJudge | undefined {
  const [kind, rest] = splitName(name);
  if (kind === 'judge-pairs') return pairJudge(endpointOf(name, rest), { view: 'trajectory' });
  if (kind === 'judge-patch-pairs') return pairJudge(endpointOf(name, rest), { view: 'patch' });
  return undefined;
}

/** `embedded:critic.json` is the kind and what it needs. */
function splitName(name: string): [kind: string, rest: string] {
  const colon = name.indexOf(':');
  return colon < 0 ? [name, ''] : [name.slice(0, colon), name.slice(colon + 1)];
}

/** `http://host:8000/v1#model`; the key is in `ASSAY_CRITIC_KEY`. Throws `usage` without URL or model. */
function endpointOf(name: string, rest: string): CriticEndpoint {
  const [url = '', model = ''] = rest.split('#');
  const apiKey = process.env.ASSAY_CRITIC_KEY;
  if (URL.canParse(url) && model !== '') return { url, model, ...(apiKey ? { apiKey } : {}) };
  throw new AssayError('usage', `${name} names no server and model`, {
    class: 'input',
    retryable: false,
    hint: 'Give both: openhands-32b:http://127.0.0.1:8000#critic',
  });
}

/** Kinds that send nothing anywhere. */
const LOCAL_KINDS: ReadonlySet<string> = new Set(['first', 'last', 'shortest', 'random', 'oracle', 'embedded']);

/** Where the critic of this name sends what it is asked, with `ASSAY_CRITIC_KEY`; undefined for one that sends nothing. Throws what reading the file of a calibrated one throws. */
export async function criticAddress(name: string): Promise<string | undefined> {
  const [kind, rest] = splitName(name);
  if (LOCAL_KINDS.has(kind)) return undefined;
  if (kind === 'calibrated') return await criticAddress((await readCalibrationFile(resolve(rest))).critic);
  return rest.split('#')[0];
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
  lookaheadFork?: boolean | undefined;
  untilScore?: number | undefined;
  recoverFall?: number | undefined;
  recover?: boolean | undefined;
  recoverShare?: number | undefined;
  temperature?: number | undefined;
}): Promise<void> {
  const { critic, lookahead, untilScore, recover, recoverFall, recoverShare, temperature } = settings;
  const needs = { '--lookahead': lookahead, '--until-score': untilScore, '--recover-fall': recoverFall };
  const asked = Object.entries(needs).flatMap(([flag, value]) => (value === undefined ? [] : [flag]));
  if (critic === undefined && asked.length > 0) throw usage(`${asked.join(' and ')}: --critic is needed`);
  if (settings.lookaheadFork === true && lookahead === undefined) throw usage('--lookahead-fork needs --lookahead');
  if (recoverFall !== undefined && recover !== true) throw usage('--recover-fall needs --recover');
  if (recoverShare !== undefined && recover !== true) throw usage('--recover-share needs --recover');
  if (recoverShare !== undefined && recoverShare > 1) throw usage('--recover-share is a share between 0 and 1');
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
