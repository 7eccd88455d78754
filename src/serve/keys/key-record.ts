/** What the server keeps of an account key: everything but the key. */
import { z } from 'zod';

/** What a key may do: `sandboxes` starts and uses sandboxes of its own, `images` asks for and builds images, `metrics` reads the metrics. */
export const scopeSchema = z.enum(['sandboxes', 'images', 'metrics']);
export type Scope = z.infer<typeof scopeSchema>;

export const keyRecordSchema = z.object({
  id: z.string().regex(/^[0-9a-f]{12}$/),
  name: z.string().regex(/\S/, 'it is empty'),
  scopes: z.array(scopeSchema).min(1),
  /** scrypt of the secret, with its salt; both base64. */
  hash: z.string(),
  salt: z.string(),
  createdAt: z.string(),
  revokedAt: z.string().optional(),
  /** Live sandboxes at the same time. */
  maxSandboxes: z.number().int().positive(),
  requestsPerSecond: z.number().positive(),
});
export type KeyRecord = z.infer<typeof keyRecordSchema>;

export const keyFileSchema = z.object({ version: z.literal(1), keys: z.array(keyRecordSchema) });
