/** Filters of `assay run` and others: which instances of a dataset, and in which order. */
import { sha256 } from '../base/digest.ts';
import { AssayError, type Dataset, type TaskInstance } from '../contracts/index.ts';
import { compileGlob } from './glob.ts';
import { datasetDigest } from './task-folder-source.ts';

export interface InstanceFilter {
  /** Ids as globs, or regular expressions between slashes (`/^ledger-/i`); any may match. Each must match something. */
  instances?: readonly string[];
  /** The same, for instances to leave out; may match nothing. */
  exclude?: readonly string[];
  /** Any of them must be on the task. */
  tags?: readonly string[];
  difficulty?: readonly string[];
  language?: readonly string[];
  /** Orders by a keyed digest: the same seed gives the same order on any machine, whatever else is in the set. */
  seed?: number | string;
  /** `from:to` as in Python: zero-based, `to` excluded, negative counts from the end, either may be missing. Taken after the shuffle. */
  slice?: string;
  /** At most this many, after all else. */
  limit?: number;
}

/** What filters look at. */
export interface InstanceFacts {
  instanceId: string;
  tags: readonly string[];
  difficulty?: string | undefined;
  language?: string | undefined;
}

export interface ChooseOptions<One> {
  /** The set, for messages. */
  reference: string;
  factsOf(one: One): InstanceFacts;
}

/** Throws like `chooseInstances`. */
export function filterInstances(source: Dataset, filter: InstanceFilter): Dataset {
  const factsOf = ({ instanceId, task: { tags, difficulty, language } }: TaskInstance) => ({
    instanceId,
    tags,
    difficulty,
    language,
  });
  const instances = chooseInstances(source.instances, filter, { reference: source.reference, factsOf });
  return { ...source, instances, digest: datasetDigest(instances) };
}

/** Throws `instance-not-found` for a pattern without a match, or when nothing is left; `usage` for a filter that cannot be read. */
export function chooseInstances<One>(
  all: readonly One[],
  filter: InstanceFilter,
  { reference, factsOf }: ChooseOptions<One>,
): One[] {
  const facts = all.map((one) => ({ one, ...factsOf(one) }));
  const wanted = (filter.instances ?? []).map((text) => ({ text, pattern: instancePattern(text) }));
  const exclude = (filter.exclude ?? []).map(instancePattern);
  const { tags = [], difficulty: levels, language: languages } = filter;
  for (const { text, pattern } of wanted)
    if (!facts.some(({ instanceId }) => pattern(instanceId))) throw noMatch(`matches ${text}`, reference, facts);
  let chosen = facts.filter((one) => {
    if (wanted.length > 0 && !wanted.some(({ pattern }) => pattern(one.instanceId))) return false;
    if (exclude.some((pattern) => pattern(one.instanceId))) return false;
    if (tags.length > 0 && !tags.some((tag) => one.tags.includes(tag))) return false;
    if (levels !== undefined && !levels.includes(one.difficulty ?? '')) return false;
    return languages === undefined || languages.includes(one.language ?? '');
  });
  if (filter.seed !== undefined) chosen = shuffled(chosen, String(filter.seed));
  if (filter.slice !== undefined) chosen = slice(chosen, filter.slice);
  if (filter.limit !== undefined) chosen = chosen.slice(0, filter.limit);
  if (chosen.length === 0) throw noMatch('passes the filters', reference, facts);
  return chosen.map(({ one }) => one);
}

/** What `instances` of a filter means for one id. Throws `usage` for a regular expression that is none. */
export function instancePattern(text: string): (instanceId: string) => boolean {
  const match = /^\/(.+)\/([imsu]*)$/.exec(text);
  if (match?.[1] === undefined) return compileGlob(text);
  try {
    const pattern = new RegExp(match[1], match[2]);
    return (instanceId) => pattern.test(instanceId);
  } catch (cause) {
    throw new AssayError('usage', `${text} is not a regular expression.`, { class: 'input', retryable: false, cause });
  }
}

function noMatch(what: string, reference: string, facts: readonly InstanceFacts[]): AssayError {
  const shown = facts.slice(0, 20).map((one) => one.instanceId);
  const rest = facts.length - shown.length;
  return new AssayError('instance-not-found', `No instance of ${reference} ${what}.`, {
    class: 'input',
    retryable: false,
    hint: `There are: ${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}.`,
  });
}

function shuffled<One extends InstanceFacts>(instances: readonly One[], seed: string): One[] {
  const key = (one: One) => sha256(`${seed}\0${one.instanceId}`);
  return [...instances].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function slice<One>(instances: readonly One[], text: string): One[] {
  const match = /^(-?\d+)?:(-?\d+)?$/.exec(text.trim());
  if (match === null) {
    throw new AssayError('usage', `${text} is not a slice; write from:to, such as 0:10.`, {
      class: 'input',
      retryable: false,
    });
  }
  return instances.slice(
    match[1] === undefined ? undefined : Number(match[1]),
    match[2] === undefined ? undefined : Number(match[2]),
  );
}
