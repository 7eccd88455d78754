/**
 * The requests and replies of `assay serve`, version 1: what server and `remote` backend share. Described in `docs/serve.md`; the OpenAPI document derives
 * from these schemas. Requests are strict; replies are read leniently, so that an older client works with a newer server.
 */
import { z } from 'zod';
import {
  failureSchema,
  type LayerRef,
  layerRefSchema,
  limitsInForceSchema,
  type SandboxSpec,
  sandboxBaseSchema,
  sandboxLimitsSchema,
} from '../../contracts/index.ts';

/** Made by the client, unique per thing it names: a request that is sent again with the same id is carried out once. */
export const clientIdSchema = z.string().regex(/^[A-Za-z0-9_-]{8,64}$/, '8 to 64 letters, digits, - and _');

const MAX_VARIABLES = 1_000;

/** Most input that goes with the request to start a process. */
export const GIVEN_INPUT_BYTES = 48 * 1024;

/** What a program can be given: variables and paths end at a NUL. */
const NUL = '\\u0000';
const word = z.string().regex(new RegExp(`^[^${NUL}]*$`), 'it holds a NUL');
export const variablesSchema = z.record(z.string().regex(new RegExp(`^[^${NUL}=]+$`), 'no name of a variable'), word);
export const absolutePathSchema = word.startsWith('/').max(4_096);

/** `SandboxSpec` as it travels. */
export const remoteSpecSchema = z.strictObject({
  base: sandboxBaseSchema,
  layers: z.array(layerRefSchema).max(256),
  limits: sandboxLimitsSchema,
  network: z.union([
    z.enum(['none', 'host']),
    z.strictObject({ allow: z.array(z.string().min(1).max(255)).min(1).max(100) }),
  ]),
  env: variablesSchema.refine((env) => Object.keys(env).length <= MAX_VARIABLES, 'too many variables'),
  workdir: absolutePathSchema,
  labels: z.record(word, word).optional(),
});

/** `POST /v1/sandboxes` */
export const startRequestSchema = z.strictObject({
  spec: remoteSpecSchema,
  /** A name by which the sandbox is found again; at most one live sandbox per key has it. */
  sessionId: z.string().min(1).max(128).optional(),
  /** The sandbox ends with this lease. Without one it lives until it is stopped or its time is over. */
  leaseId: clientIdSchema.optional(),
  /** How long the request may wait for a free place before it is refused with 429. */
  waitSeconds: z.number().min(0).max(600).default(30),
  /** Frozen after this time without a request and without a running process; the next request thaws it. */
  idlePauseSeconds: z.number().positive().optional(),
});
export type StartRequest = z.infer<typeof startRequestSchema>;

export const sandboxEndSchema = z.object({
  reason: z.enum(['destroyed', 'wall-limit', 'disk-limit', 'died']),
  message: z.string(),
});

/** A sandbox as the control plane tells it. `sessionKey` opens its data plane and is told to the owner only. */
export const sandboxViewSchema = z.object({
  id: z.string(),
  sessionId: z.string().optional(),
  sessionKey: z.string(),
  status: z.enum(['running', 'paused', 'ended']),
  end: sandboxEndSchema.optional(),
  backend: z.string(),
  tier: z.string(),
  limitsInForce: limitsInForceSchema,
  spec: remoteSpecSchema,
  createdAt: z.string(),
});
export type SandboxView = z.infer<typeof sandboxViewSchema>;

export const sandboxListSchema = z.object({ sandboxes: z.array(sandboxViewSchema) });

/** `POST /v1/sandboxes/{id}/fork` */
export const forkRequestSchema = z.strictObject({ count: z.number().int().min(1).max(10_000) });

/** Reply of `POST /v1/sandboxes/{id}/snapshot` */
export const snapshotReplySchema = z.object({ layer: layerRefSchema });

/** Reply of `GET /v1/layers`: what each layer counts for, and what all of the key may. */
export const layerListSchema = z.object({
  layers: z.array(z.object({ digest: z.string(), bytes: z.number() })),
  mostBytes: z.number(),
});
export type LayerList = z.infer<typeof layerListSchema>;

/** `PUT /v1/leases/{lease}`: makes or renews it. */
export const leaseRequestSchema = z.strictObject({ seconds: z.number().min(1).max(3_600) });

/** One line of `GET /v1/leases/{lease}/ends`; an empty object is a sign of life. */
export const leaseEventSchema = z.object({ sandboxId: z.string().optional(), end: sandboxEndSchema.optional() });

/** `PUT /v1/sandboxes/{id}/processes/{process}` */
export const spawnRequestSchema = z.strictObject({
  argv: z.array(z.string()).min(1),
  cwd: z.string().optional(),
  env: z.record(z.string(), z.string()).optional(),
  stderr: z.enum(['separate', 'merge']).default('separate'),
  /** `empty`: its input is at the end from the start, or behind `input`. */
  stdin: z.enum(['open', 'empty']).default('open'),
  /** The first of its input. */
  input: z
    .base64()
    .max(4 * Math.ceil(GIVEN_INPUT_BYTES / 3))
    .optional(),
  /** Processes of this sandbox that the client wants nothing more of; unknown ones are passed over. */
  release: z.array(clientIdSchema).max(1_000).optional(),
});
export type SpawnRequest = z.input<typeof spawnRequestSchema>;
export type SpawnOrder = z.output<typeof spawnRequestSchema>;

/** `POST …/processes/{process}/ack`: bytes of each stream that the client has for good. */
export const ackRequestSchema = z.strictObject({
  stdout: z.number().int().nonnegative(),
  stderr: z.number().int().nonnegative(),
});

/** `POST …/processes/{process}/signal` */
export const signalRequestSchema = z.strictObject({ signal: z.enum(['SIGTERM', 'SIGKILL', 'SIGINT']) });

const offset = z.number().int().nonnegative();

/** First message of a WebSocket of a process: starts it, or finds what its id started; or goes on at the bytes that the client has. */
export const socketBeginSchema = z.union([
  z.strictObject({ start: spawnRequestSchema }),
  z.strictObject({ attach: ackRequestSchema }),
]);

/** All further messages. Input is taken once, whatever is sent again; `{"taken": N}` tells up to where. */
export const socketMessageSchema = z.union([
  z.strictObject({
    input: z.strictObject({ offset, bytes: z.base64().default(''), last: z.boolean().default(false) }),
  }),
  z.strictObject({ ack: ackRequestSchema }),
  signalRequestSchema,
]);

/** Payload of an exit frame. */
export const processExitSchema = z.object({
  code: z.number().nullable(),
  signal: z.string().nullable(),
  sandboxDied: z.boolean(),
});

export const imageFactsSchema = z.object({
  digest: z.string(),
  env: z.record(z.string(), z.string()),
  workdir: z.string(),
});

/** `GET /v1/host`: the programs of the server's machine, as `HostBase` has them. */
export const hostFactsSchema = z.object({
  digest: z.templateLiteral(['sha256:', z.string().regex(/^[0-9a-f]{64}$/)]),
  path: z.string(),
  tools: z.record(z.string(), z.object({ path: z.string(), version: z.string() }).nullable()),
  /** Those that every sandbox has. */
  pythons: z.array(z.object({ minor: z.string(), version: z.string(), path: z.string() })),
});

/** Body of every reply with a status of 400 and above. */
export const errorBodySchema = z.object({ error: failureSchema });

/** Bytes of one stream that may be under way without having been acknowledged; a process that prints more waits. */
export const STREAM_WINDOW_BYTES = 4 * 1024 ** 2;

/** Largest body of one `stdin` request. */
export const STDIN_CHUNK_BYTES = 1024 ** 2;

/**
 * `Prefer: signs-of-life` (RFC 7240): while a reply is not there yet, the server sends `102 Processing` every ten seconds, so that a request that takes long is told from a
 * connection that is dead. Only to who asks for it: some clients take a 102 for the reply.
 */
export const SIGNS_OF_LIFE = 'signs-of-life';

export const SESSION_KEY_HEADER = 'x-session-api-key';
export const API_KEY_HEADER = 'x-api-key';
export const IDEMPOTENCY_HEADER = 'idempotency-key';

/** The parts that `exactOptionalPropertyTypes` keeps apart. */
export function asSandboxSpec({ labels, ...spec }: z.infer<typeof remoteSpecSchema>): SandboxSpec {
  return labels === undefined ? spec : { ...spec, labels };
}

/** A digest in a URL path: the hex digits only. */
export function layerName(layer: LayerRef): string {
  return layer.digest.slice('sha256:'.length);
}
