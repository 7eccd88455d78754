/**
 * A world of attempts whose truth is known: repositories of unequal size, instances whose chance to be resolved is logit-normal with a part shared by the repository, attempts that are independent
 * given the instance, a critic whose scores are normal with a shift for resolved attempts (so its AUC is known), and patches that repeat. The true curves are integrals over that world, made
 * without any of the code under test.
 */
import type { CurveAttempt, CurveInstance } from '../../src/select/curve-attempt.ts';
import { type SeededRandom, seededRandom } from '../../src/stats/seeded-random.ts';

export interface World {
  repositories: number;
  /** Mean number of instances of a repository (1 + geometric). */
  instancesPerRepository: number;
  attempts: number;
  /** Logit of the median chance. */
  skill: number;
  repositorySpread: number;
  instanceSpread: number;
  /** Shift of the scores of resolved attempts, in standard deviations: AUC = Phi(shift / sqrt(2)). */
  criticShift: number;
}

export const WORLD: World = {
  repositories: 24,
  instancesPerRepository: 6,
  attempts: 6,
  skill: -0.3,
  repositorySpread: 0.5,
  instanceSpread: 1.5,
  criticShift: 1,
};

/** What attempts hand in, by whether they resolve: vote and chance. */
const VOTES: readonly { resolved: boolean; vote: string | null; chance: number }[] = [
  { resolved: true, vote: 'right', chance: 0.7 },
  { resolved: true, vote: 'right in other words', chance: 0.3 },
  { resolved: false, vote: 'usual mistake', chance: 0.5 },
  { resolved: false, vote: 'rare mistake', chance: 0.3 },
  { resolved: false, vote: null, chance: 0.2 },
];

export function drawWorld(world: World, seed: number): CurveInstance[] {
  const random = seededRandom(seed);
  return Array.from({ length: world.repositories }, (_, r) => {
    const shared = world.repositorySpread * random.normal();
    const more = Math.floor(Math.log(1 - random.uniform()) / Math.log(1 - 1 / world.instancesPerRepository));
    return Array.from({ length: 1 + more }, (_, i) => {
      const chance = logistic(world.skill + shared + world.instanceSpread * random.normal());
      return {
        instanceId: `repository-${r}-${i}`,
        repo: `repository-${r}`,
        attempts: Array.from({ length: world.attempts }, (_, at) => drawAttempt(world, at + 1, chance, random)),
      };
    });
  }).flat();
}

function drawAttempt(world: World, attempt: number, chance: number, random: SeededRandom): CurveAttempt {
  const resolved = random.uniform() < chance;
  let left = random.uniform();
  const drawn = VOTES.filter((one) => one.resolved === resolved).find((one) => {
    left -= one.chance;
    return left < 0;
  });
  const score = random.normal() + (resolved ? world.criticShift : 0);
  return {
    attempt,
    patch: `patch ${attempt}`,
    score,
    resolved,
    usd: 0.5 + random.uniform(),
    vote: drawn?.vote ?? null,
    scores: { critic: score },
    steps: 1,
  };
}

/** Mean dollars of one attempt. */
export const TRUE_USD = 1;

/** True rates at k = 1 .. maxK by the name of the selector. */
export function trueCurves(world: World, maxK: number): Record<string, number[]> {
  const over = (rate: (chance: number, k: number) => number) =>
    Array.from({ length: maxK }, (_, at) => overChances(world, (chance) => rate(chance, at + 1)));
  const winning = Array.from({ length: maxK + 1 }, (_, good) =>
    Array.from({ length: maxK + 1 }, (_, bad) => chanceThatAGoodOneScoresBest(good, bad, world.criticShift)),
  );
  return {
    pass: over((chance, k) => 1 - (1 - chance) ** k),
    random: over((chance) => chance),
    first: over((chance) => chance),
    critic: over((chance, k) => {
      let sum = 0;
      for (let good = 1; good <= k; good++)
        sum += binomial(k, good) * chance ** good * (1 - chance) ** (k - good) * (winning[good]?.[k - good] ?? 0);
      return sum;
    }),
    majority: over((chance, k) => chanceThatMajorityIsRight(chance, k)),
  };
}

/** Mean over the logit-normal distribution of chances, by the trapezoid rule. */
function overChances(world: World, value: (chance: number) => number): number {
  const spread = Math.hypot(world.repositorySpread, world.instanceSpread);
  let sum = 0;
  for (let z = -6; z <= 6; z += 0.1) sum += density(z) * 0.1 * value(logistic(world.skill + spread * z));
  return sum;
}

/** Integral over the best score of the good ones: all bad ones lie below. */
function chanceThatAGoodOneScoresBest(good: number, bad: number, shift: number): number {
  if (good === 0) return 0;
  const step = 0.01;
  let [sum, below, belowShifted] = [0, 0, 0];
  for (let x = -9; x <= 9 + shift; x += step) {
    below += density(x - step / 2) * step;
    belowShifted += density(x - shift - step / 2) * step;
    sum += good * density(x - shift) * belowShifted ** (good - 1) * below ** bad * step;
  }
  return sum;
}

/** Over all sequences of k answers: the most frequent, the one that was first among equals; no answer has no vote. */
function chanceThatMajorityIsRight(chance: number, k: number): number {
  let right = 0;
  for (let code = 0; code < VOTES.length ** k; code++) {
    const sequence = Array.from({ length: k }, (_, i) => VOTES[Math.floor(code / VOTES.length ** i) % VOTES.length]);
    const probability = sequence.reduce(
      (product, one) => product * (one?.chance ?? 0) * (one?.resolved === true ? chance : 1 - chance),
      1,
    );
    const cast = sequence.filter((one) => one?.vote != null);
    const times = (vote: unknown) => cast.filter((one) => one?.vote === vote).length;
    const most = Math.max(...cast.map((one) => times(one?.vote)));
    if (cast.find((one) => times(one?.vote) === most)?.resolved === true) right += probability;
  }
  return right;
}

const logistic = (x: number) => 1 / (1 + Math.exp(-x));
const density = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

function binomial(n: number, k: number): number {
  let value = 1;
  for (let i = 1; i <= k; i++) value = (value * (n - k + i)) / i;
  return value;
}
