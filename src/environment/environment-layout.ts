/** Files below `paths.environments`, and their records. All are caches: whatever is removed is built again. */
import { join } from 'node:path';
import { z } from 'zod';

/** A built stage: the layer it added and, from the repository on, the base commit. */
export const stageRecordSchema = z.object({
  key: z.string(),
  kind: z.enum(['setup', 'repository', 'step', 'finish', 'base-state']),
  name: z.string(),
  /** Digest of the list of layers it was built over. */
  below: z.string(),
  /** Null when the stage changed nothing. */
  layer: z.string().nullable(),
  baseCommit: z.string().nullable(),
  buildMs: z.number(),
  builtAt: z.string(),
});
export type StageRecord = z.infer<typeof stageRecordSchema>;

/** A finished environment. The file's modification time is its last use. */
export const environmentRecordSchema = z.object({
  digest: z.string(),
  stages: z.array(z.string()),
  layers: z.array(z.string()),
  baseCommit: z.string(),
  /** The repository it was first built for. */
  repo: z.string(),
  builtAt: z.string(),
  buildMs: z.number(),
});

/** That an environment was checked for one instance and found clean, or that an image has the programs it needs. */
export const proofSchema = z.object({
  key: z.string(),
  environment: z.string(),
  instanceId: z.string(),
  checkedAt: z.string(),
});

/** That an image was pulled under a name, and which it was then. */
export const imageNameSchema = z.object({ name: z.string(), digest: z.string(), pulledAt: z.string() });

/** Paths of records; keys and digests may carry their `sha256:`. */
export function environmentLayout(root: string) {
  const hex = (digest: string) => digest.replace(/^sha256:/, '');
  return {
    environments: join(root, 'environments'),
    stages: join(root, 'stages'),
    proofs: join(root, 'proofs'),
    images: join(root, 'images'),
    locks: join(root, 'locks'),
    environment: (digest: string) => join(root, 'environments', `${hex(digest)}.json`),
    stage: (key: string) => join(root, 'stages', `${hex(key)}.json`),
    log: (key: string) => join(root, 'stages', `${hex(key)}.log`),
    image: (digest: string) => join(root, 'images', `${hex(digest)}.json`),
    proof: (key: string) => join(root, 'proofs', `${hex(key)}.json`),
    gold: (key: string) => join(root, 'gold', `${hex(key)}.patch`),
    lock: (key: string) => join(root, 'locks', `${hex(key)}.lock`),
  };
}
export type EnvironmentLayout = ReturnType<typeof environmentLayout>;
