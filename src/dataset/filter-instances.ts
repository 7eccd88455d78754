/** Picks instances of a dataset: by id pattern, tag, language, number. */
import { createHash } from 'node:crypto';
import { AssayError, type Dataset, type TaskInstance } from '../contracts/index.ts';
import { dataset } from './load-dataset.ts';

export interface InstanceFilter {
  /** Ids or patterns with `*`; any may match. Each must match something. */
  instances?: readonly string[];
  tags?: readonly string[];
  /** At most this many, after all else. */
  limit?: number;
  /** Orders by a hash of seed and id before the limit is taken; without it by id. */
  seed?: number;
}

/** Throws `instance-not-found` for a pattern that matches nothing, or when nothing is left. */
export function filterInstances(source: Dataset, filter: InstanceFilter): Dataset {
  let chosen: TaskInstance[] = source.instances;
  const patterns = filter.instances ?? [];
  if (patterns.length > 0) {
    const unmatched = patterns.filter((pattern) => !chosen.some((one) => matches(pattern, one.instanceId)));
    if (unmatched.length > 0) throw notFound(`${source.reference} has no instance ${unmatched.join(', ')}`);
    chosen = chosen.filter((one) => patterns.some((pattern) => matches(pattern, one.instanceId)));
  }
  const tags = filter.tags ?? [];
  if (tags.length > 0) chosen = chosen.filter((one) => tags.some((tag) => one.task.tags.includes(tag)));
  if (filter.seed !== undefined) {
    const rank = (one: TaskInstance) => createHash('sha256').update(`${filter.seed}:${one.instanceId}`).digest('hex');
    chosen = [...chosen].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
  }
  if (filter.limit !== undefined) chosen = chosen.slice(0, filter.limit);
  if (chosen.length === 0) throw notFound(`no instance of ${source.reference} passes the filters`);
  return chosen.length === source.instances.length && filter.seed === undefined
    ? source
    : dataset(source.name, source.reference, chosen);
}

function matches(pattern: string, id: string): boolean {
  const expression = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${expression.join('.*')}$`).test(id);
}

function notFound(message: string): AssayError {
  return new AssayError('instance-not-found', message, {
    class: 'input',
    retryable: false,
    hint: 'List them with `assay dataset show SET`.',
  });
}
