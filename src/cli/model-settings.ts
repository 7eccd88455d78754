/** What a run fixes about model and agent: kept in its lock, read back from there, derived for another run. */
import { z } from 'zod';
import type { RunManifest } from '../contracts/index.ts';

/** Everything about model and agent that a run fixes at its start; kept in the run's lock so that a resume needs no flags. */
export interface ModelSettings {
  model: string;
  temperature?: number | undefined;
  maxOutputTokens?: number | undefined;
  baseUrl?: string | undefined;
  prices?: string | undefined;
  record?: string | undefined;
  budgetUsd?: number | undefined;
  /** Name of the critic that values attempts while they go on. */
  critic?: string | undefined;
  lookahead?: number | undefined;
  /** Try the calls of each candidate in a copy of the sandbox first. */
  lookaheadFork?: boolean | undefined;
  untilScore?: number | undefined;
  /** Bring the agent back when it goes in circles; `recoverFall`: also when the value falls by this much. */
  recover?: boolean | undefined;
  recoverFall?: number | undefined;
  /** Only this share of the attempts, drawn at random, so that the effect can be told; the others are left alone. */
  recoverShare?: number | undefined;
}

const settingsSchema = z.object({
  temperature: z.number().optional(),
  maxOutputTokens: z.number().optional(),
  baseUrl: z.string().optional(),
  prices: z.string().optional(),
  record: z.string().optional(),
  budgetUsd: z.number().optional(),
  critic: z.string().optional(),
  lookahead: z.number().optional(),
  lookaheadFork: z.boolean().optional(),
  untilScore: z.number().optional(),
  recover: z.boolean().optional(),
  recoverFall: z.number().optional(),
  recoverShare: z.number().optional(),
});

/** What a run fixes about model and agent. */
export function settingsOf({ model }: RunManifest): ModelSettings {
  return { model: model.id, ...settingsSchema.parse(model.parameters) };
}

/** For a run that is made from another. A cassette belongs to the run that records it, an address to the model it was given for. */
export function derivedSettings({ model: { id, parameters } }: RunManifest, model?: string): ModelSettings {
  const { record: _, baseUrl, ...kept } = settingsSchema.parse(parameters);
  return { ...kept, ...(model === undefined && baseUrl !== undefined ? { baseUrl } : {}), model: model ?? id };
}
