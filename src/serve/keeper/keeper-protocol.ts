/**
 * What listener and keeper say to each other: HTTP over the keeper's control socket.
 *
 * `GET /attend`: answered at once and kept open; as long as it is open the keeper has a listener. `GET /state`, `PUT /settings`, `POST /drain`, `POST /end`
 * (answered when no sandbox lives any more).
 */
import { z } from 'zod';
import type { ServerSettings } from '../assay-server.ts';

/** `serve/keeper.json` below the Assay home. */
export const keeperRecordSchema = z.object({ pid: z.number().int(), clients: z.string(), control: z.string() });
/** `clients`: socket for passed connections, `control`: for the listener itself. */
export type KeeperRecord = z.infer<typeof keeperRecordSchema>;

/** Which program keeps what. */
export const keeperIdentitySchema = z.object({
  version: z.string(),
  /** Its kind of sandboxes. */
  sandbox: z.string(),
  tier: z.string().optional(),
  /** Of pods: the absolute path of their cluster's settings. */
  cluster: z.string().optional(),
});
export type KeeperIdentity = z.infer<typeof keeperIdentitySchema>;

export const keeperStateSchema = keeperIdentitySchema.extend({
  live: z.number(),
  waiting: z.number(),
  draining: z.boolean(),
});
export type KeeperState = z.infer<typeof keeperStateSchema>;

export interface KeeperSettings extends ServerSettings {
  /** Without a listener sandboxes live so long. */
  holdSeconds: number;
}

const DEFAULT_LAYER_BYTES = 64 * 1024 ** 3;

/** Lenient: listeners and keepers of neighbouring versions meet while sandboxes live. */
export const keeperSettingsSchema = z.object({
  capacity: z.number().int(),
  warm: z.number().int().default(0),
  forgetSeconds: z.number().nullable().default(null),
  publicUrl: z.string(),
  runtimeUrl: z.string().nullable().default(null),
  holdSeconds: z.number(),
  layerBytes: z.number().default(DEFAULT_LAYER_BYTES),
  policy: z.object({
    hostNetwork: z.boolean(),
    registries: z.array(z.string()),
    runtimeHosts: z.array(z.string()).default([]),
    most: z.object({
      memoryBytes: z.number(),
      pids: z.number(),
      cpus: z.number(),
      diskBytes: z.number(),
      wallSeconds: z.number(),
    }),
  }),
}) satisfies z.ZodType<KeeperSettings>;
