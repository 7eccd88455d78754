/**
 * What stays of the environments that an evaluation made, in the levels of the reference: `none`, `base` (the installer), `env` (also interpreter, test tools and history, shared by many
 * instances), `instance` (all). What was there before stays, unless it is to be cleaned. A published image is an instance's own.
 */
import type { BuiltEnvironment } from '../../contracts/index.ts';
import type { Droppable } from '../../environment/drop-from-store.ts';
import type { StageRecord } from '../../environment/environment-layout.ts';

export const CACHE_LEVELS = ['none', 'base', 'env', 'instance'] as const;
export type CacheLevel = (typeof CACHE_LEVELS)[number];

export interface CacheLevelOptions {
  level: CacheLevel;
  /** Also what was there before. */
  clean: boolean;
  /** Removes from the store what nothing else needs. */
  drop(what: Droppable): Promise<void>;
  dropImage(reference: string): Promise<void>;
  /** Stages of an environment with their names and times; none for published images. */
  stagesOf(environment: BuiltEnvironment): Promise<StageRecord[]>;
}

export interface CacheKeeper {
  /** An instance is done and its sandboxes are gone. */
  done(environment: BuiltEnvironment): Promise<void>;
  /** All are done. */
  end(): Promise<void>;
}

const TIER: Readonly<Record<string, CacheLevel>> = { installer: 'base', repository: 'instance' };

/** Begun before the first environment is built: what is older was there before. */
export function cacheKeeper({ level, clean, drop, dropImage, stagesOf }: CacheLevelOptions): CacheKeeper {
  const started = new Date().toISOString();
  const shared = new Set<string>();
  const goes = (tier: CacheLevel) => CACHE_LEVELS.indexOf(tier) > CACHE_LEVELS.indexOf(level);
  return {
    async done(environment) {
      if (!goes('instance')) return;
      const stages = (await stagesOf(environment)).filter((stage) => clean || stage.builtAt >= started);
      const own = stages.filter((stage) => tierOf(stage) === 'instance');
      for (const stage of stages) if (tierOf(stage) !== 'instance' && goes(tierOf(stage))) shared.add(stage.key);
      const { base, layers, digest, cached } = environment;
      if (base.kind === 'image' && layers.length === 0 && (clean || !cached)) await dropImage(base.reference);
      if (own.length > 0) await drop({ environments: [digest], stages: own.map((stage) => stage.key) });
    },
    async end() {
      if (shared.size > 0) await drop({ stages: [...shared] });
    },
  };
}

function tierOf({ name }: StageRecord): CacheLevel {
  return TIER[name] ?? 'env';
}
