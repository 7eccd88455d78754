/** What a shared store holds of one attempt: who works on it or has done it, and where its account lies. */
import { z } from 'zod';
import { type AttemptRecord, type AttemptRef, attemptRecordSchema, workAsideSchema } from '../contracts/index.ts';
import { instanceFolder } from '../store/run-folder.ts';
import { isKeyWord } from './shared-key.ts';

/** An attempt as far as one process has told of it: a bundle of its log and files. */
export const accountSchema = z.object({
  key: z.string().refine((key) => key.split('/').every(isKeyWord), 'is no key'),
  digest: z.string(),
  bytes: z.number().int().nonnegative(),
  /** Of the attempt, at its end. */
  state: attemptRecordSchema.shape.state,
});
export type Account = z.infer<typeof accountSchema>;

export const attemptEntrySchema = z.object({
  state: z.enum(['free', 'held', 'done']),
  /** Of the claim: grows with each, so that a claim is told from every one before it. */
  token: z.number().int().nonnegative(),
  /** Who has it, or had it last; null when nobody ever had. */
  owner: z.string().nullable(),
  /** Of what is done, or as far as it came. */
  account: accountSchema.optional(),
  /** How often a result was refused by a process that read it. */
  refused: z.number().int().nonnegative(),
});
export type AttemptEntry = z.infer<typeof attemptEntrySchema>;

/** Work that does not count, and where what was made of it lies. */
export const asideSchema = workAsideSchema.extend({ account: accountSchema.optional() });
export type Aside = z.infer<typeof asideSchema>;

/** `state: 'done'` is only for these. */
export function isEnded(state: AttemptRecord['state']): boolean {
  return state === 'finished' || state === 'failed' || state === 'skipped';
}

/** Below it lie the offers of all runs. */
export const OFFERS = 'offers';

/** Keys of one run in a shared store. */
export function runKeys(runId: string) {
  const root = `runs/${runId}`;
  const place = (ref: AttemptRef) => `${instanceFolder(ref.instanceId)}/${ref.attempt}`;
  return {
    offer: `${OFFERS}/${runId}`,
    attempts: `${root}/attempts`,
    attempt: (ref: AttemptRef) => `${root}/attempts/${place(ref)}`,
    owners: `${root}/owners`,
    owner: (owner: string) => `${root}/owners/${owner}`,
    /** Every upload has its own. */
    bundle: (ref: AttemptRef, owner: string, token: number, number: number) =>
      `${root}/bundles/${place(ref)}/${token}-${owner}-${number}`,
    asides: `${root}/asides`,
    aside: (ref: AttemptRef, owner: string, token: number) => `${root}/asides/${place(ref)}/${token}-${owner}`,
    budget: `${root}/budget/ledger`,
  };
}
