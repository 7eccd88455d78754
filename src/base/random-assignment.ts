/** Which attempts of a run get a treatment, drawn at random once and the same for ever: a run that is resumed, and its report, find the same. */
import { keyedUniform } from './keyed-uniform.ts';

export interface Assignment {
  /** Draws anew for every run. */
  runId: string;
  /** Attempts per instance. */
  attempts: number;
  /** Of the attempts, 0 to 1. */
  share: number;
}

/**
 * Within each instance as many attempts as the share says are treated, and which ones is random; what is left over by rounding is drawn too, so that each attempt's chance is the share (systematic
 * sampling over a random order). So an instance with two attempts and a share of one half has one of each.
 */
export function isTreated(
  { runId, attempts, share }: Assignment,
  ref: { instanceId: string; attempt: number },
): boolean {
  const { instanceId, attempt } = ref;
  const lot = (one: number) => keyedUniform(`${runId}\0${instanceId}\0${one}`);
  const own = lot(attempt);
  let rank = 0;
  for (let other = 1; other <= attempts; other++) if (other !== attempt && lot(other) < own) rank++;
  return rank + keyedUniform(`${runId}\0${instanceId}`) < share * attempts;
}
