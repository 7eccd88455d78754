/** The control plane of sandboxes: account keys, and only their own sandboxes. */
import type { IncomingMessage } from 'node:http';
import {
  asSandboxSpec,
  clientIdSchema,
  forkRequestSchema,
  IDEMPOTENCY_HEADER,
  sandboxListSchema,
  sandboxViewSchema,
  snapshotReplySchema,
  startRequestSchema,
} from '../../sandbox/remote/api.ts';
import type { HostedSandbox } from '../control/hosted-sandbox.ts';
import { tenantSpec } from '../control/tenant-spec.ts';
import { goneSignal } from '../http/gone-signal.ts';
import { refuse } from '../http/http-problem.ts';
import { readJson } from '../http/read-body.ts';
import type { AccountCall, Reply, Route } from '../http/route.ts';
import type { ServeParts } from '../serve-parts.ts';

const ONE = '/v1/sandboxes/{id}';
const CREATED = 201;
/** Many may wait for a place. */
const MAX_START_BYTES = 1024 ** 2;

export function sandboxRoutes(parts: ServeParts): Route[] {
  const { registry, layers } = parts;
  const own = ({ key, params }: AccountCall) => registry.find(key, params.id ?? '');
  const view = (hosted: HostedSandbox, status = 200): Reply => ({ status, body: hosted.view });
  return [
    {
      auth: 'account',
      scope: 'sandboxes',
      method: 'POST',
      path: '/v1/sandboxes',
      summary: 'Start a sandbox. Sent again with the same Idempotency-Key, it gives the same sandbox.',
      body: startRequestSchema,
      reply: sandboxViewSchema,
      status: CREATED,
      async handle({ request, response, key }) {
        const idempotencyKey = idempotencyKeyOf(request);
        const asked = await readJson(request, startRequestSchema, MAX_START_BYTES);
        const terms = { idempotencyKey, gone: goneSignal(response) };
        const unpin = layers.pins.pin(asked.spec.layers); // also while it waits
        try {
          const spec = await tenantSpec(asSandboxSpec(asked.spec), key, parts);
          return view(await registry.start(key, { ...asked, spec }, terms), CREATED);
        } finally {
          unpin();
        }
      },
    },
    {
      auth: 'account',
      scope: 'sandboxes',
      method: 'GET',
      path: '/v1/sandboxes',
      summary: 'All sandboxes of the key, those that ended in the last minutes too.',
      query: {
        session: { description: 'only the live sandbox of this session' },
        live: { description: '1: only those that live' },
      },
      reply: sandboxListSchema,
      async handle({ key, query }) {
        const session = query.get('session');
        const isLiveOnly = session !== null || query.get('live') === '1';
        const wanted = registry
          .list(key)
          .filter(({ facts }) => session === null || facts.sessionId === session)
          .filter(({ end }) => !isLiveOnly || end === undefined);
        return { status: 200, body: { sandboxes: wanted.map((hosted) => hosted.view) } };
      },
    },
    {
      auth: 'account',
      scope: 'sandboxes',
      method: 'GET',
      path: ONE,
      summary: 'One sandbox.',
      reply: sandboxViewSchema,
      handle: async (call) => view(own(call)),
    },
    {
      auth: 'account',
      scope: 'sandboxes',
      method: 'DELETE',
      path: ONE,
      summary: 'Stop a sandbox; answered when it is gone.',
      reply: sandboxViewSchema,
      async handle(call) {
        const hosted = own(call);
        await hosted.sandbox.destroy();
        await hosted.sandbox.closed;
        return view(hosted);
      },
    },
    {
      auth: 'account',
      scope: 'sandboxes',
      method: 'POST',
      path: `${ONE}/pause`,
      summary: 'Freeze all processes.',
      reply: sandboxViewSchema,
      async handle(call) {
        const hosted = own(call);
        await hosted.pause();
        return view(hosted);
      },
    },
    {
      auth: 'account',
      scope: 'sandboxes',
      method: 'POST',
      path: `${ONE}/resume`,
      summary: 'Thaw all processes.',
      reply: sandboxViewSchema,
      async handle(call) {
        const hosted = own(call);
        await hosted.resume();
        return view(hosted);
      },
    },
    {
      auth: 'account',
      scope: 'sandboxes',
      method: 'POST',
      path: `${ONE}/snapshot`,
      summary: 'End the sandbox and keep its files, those in /tmp not, as a layer.',
      reply: snapshotReplySchema,
      async handle(call) {
        const layer = await registry.snapshot(own(call), idempotencyKeyOf(call.request));
        return { status: 200, body: { layer } };
      },
    },
    {
      auth: 'account',
      scope: 'sandboxes',
      method: 'POST',
      path: `${ONE}/fork`,
      summary: 'New sandboxes with the files of this one as they are now.',
      body: forkRequestSchema,
      reply: sandboxListSchema,
      status: CREATED,
      async handle(call) {
        const { count } = await readJson(call.request, forkRequestSchema);
        const forks = await registry.fork(call.key, own(call), count, idempotencyKeyOf(call.request));
        return { status: CREATED, body: { sandboxes: forks.map((hosted) => hosted.view) } };
      },
    },
  ];
}

function idempotencyKeyOf(request: IncomingMessage): string | undefined {
  const header = request.headers[IDEMPOTENCY_HEADER];
  if (header === undefined) return undefined;
  const parsed = clientIdSchema.safeParse(header);
  if (!parsed.success) throw refuse(400, 'Idempotency-Key: 8 to 64 letters, digits, - and _');
  return parsed.data;
}
