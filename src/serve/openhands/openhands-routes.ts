/**
 * The runtime API that OpenHands clients expect. There is no published specification: routes, members and states are what its two clients (`RemoteRuntime`,
 * `APIRemoteWorkspace`) send and read.
 */
import { z } from 'zod';
import type { HostedSandbox } from '../control/hosted-sandbox.ts';
import { tenantImage, tenantSpec } from '../control/tenant-spec.ts';
import { notFound, refuse } from '../http/http-problem.ts';
import { readJson } from '../http/read-body.ts';
import type { AccountCall, Reply, Route } from '../http/route.ts';
import type { KeyRecord } from '../keys/key-record.ts';
import type { ServeParts } from '../serve-parts.ts';
import { imageRoutes } from './image-routes.ts';
import { passOn } from './pass-on.ts';
import { type OpenHandsStart, openHandsProgram, openHandsSpec, openHandsStartSchema } from './start-request.ts';

const account = { auth: 'account', scope: 'sandboxes' } as const;
const runtimeRequestSchema = z.object({ runtime_id: z.string() });
/** The program of `/start` under an id of the server's: started once, also when the request comes twice. */
const PROGRAM_ID = 'openhands-program';
const INNER_PORT = 60_000;
const START_WAIT_SECONDS = 60;
const MAX_BATCH = 500;

export function openHandsRoutes(parts: ServeParts): Route[] {
  return [startRoute(parts), ...lifeRoutes(parts), ...lookRoutes(parts), ...imageRoutes(parts), ...innerRoutes(parts)];
}

function startRoute(parts: ServeParts): Route {
  return {
    ...account,
    method: 'POST',
    path: '/start',
    summary: 'OpenHands: start the runtime of a session, or give the one it has.',
    body: openHandsStartSchema,
    async handle({ request, key }: AccountCall) {
      const asked = await readJson(request, openHandsStartSchema);
      const hosted = parts.registry.ofSession(key, asked.session_id) ?? (await start(parts, key, asked));
      const program = openHandsProgram(asked, hosted.sessionKey);
      if (program !== null) await hosted.spawn(PROGRAM_ID, { ...program, stderr: 'merge' });
      return { status: 200, body: describe(hosted, parts) };
    },
  };
}

async function start(parts: ServeParts, key: KeyRecord, asked: OpenHandsStart) {
  const { backend, registry, holdings } = parts;
  const image = await backend.describeImage(await tenantImage(asked.image, key, parts));
  await holdings.add(key.id, image.digest);
  const spec = await tenantSpec(openHandsSpec(asked, image), key, parts);
  return registry.start(key, { spec, sessionId: asked.session_id, waitSeconds: START_WAIT_SECONDS });
}

function lifeRoutes({ registry }: ServeParts): Route[] {
  const route = (path: string, summary: string, act: (hosted: HostedSandbox) => Promise<void>): Route => ({
    ...account,
    method: 'POST',
    path,
    summary: `OpenHands: ${summary}`,
    body: runtimeRequestSchema,
    async handle({ request, key }: AccountCall): Promise<Reply> {
      await act(registry.find(key, (await readJson(request, runtimeRequestSchema)).runtime_id));
      return { status: 200, body: {} };
    },
  });
  return [
    route('/stop', 'stop a runtime.', (hosted) => hosted.sandbox.destroy()),
    route('/pause', 'freeze a runtime.', (hosted) => hosted.pause()),
    route('/resume', 'thaw a runtime.', (hosted) => hosted.resume()),
  ];
}

function lookRoutes(parts: ServeParts): Route[] {
  const { registry } = parts;
  const get = (path: string, summary: string, look: (call: AccountCall) => unknown): Route => ({
    ...account,
    method: 'GET',
    path,
    summary: `OpenHands: ${summary}`,
    handle: async (call: AccountCall) => ({ status: 200, body: look(call) }),
  });
  return [
    get('/sessions/batch', 'the runtimes of several sessions.', ({ key, query }) => {
      const ids = query.getAll('ids');
      if (ids.length > MAX_BATCH) throw refuse(400, `at most ${MAX_BATCH} sessions at once`);
      return ids.flatMap((id) => registry.ofSession(key, id) ?? []).map((hosted) => describe(hosted, parts));
    }),
    get('/sessions/{session}', 'the runtime of a session; 404 when it has none.', ({ key, params }) => {
      const hosted = registry.ofSession(key, params.session ?? '');
      if (hosted === undefined) throw notFound('session');
      return describe(hosted, parts);
    }),
    get('/runtime/{runtime}', 'the state of a runtime.', ({ key, params }) =>
      describe(registry.find(key, params.runtime ?? ''), parts),
    ),
    get('/list', 'all live runtimes of the key.', ({ key }) => {
      const live = registry.list(key).filter(({ end }) => end === undefined);
      return { total: live.length, runtimes: live.map((hosted) => describe(hosted, parts)) };
    }),
  ];
}

/** Whatever the client sends to the `url` of a runtime, with the session key that came with it; its health may be asked without. */
function innerRoutes({ registry }: ServeParts): Route[] {
  const healthRoutes = ['alive', 'health'].map(
    (name): Route => ({
      auth: 'none',
      method: 'GET',
      path: `/runtimes/{id}/${name}`,
      summary: 'OpenHands: whether the server inside a runtime answers.',
      async handle({ params, request, response }) {
        const hosted = registry.findById(params.id ?? '');
        if (hosted === undefined) throw notFound('runtime');
        await passOn(hosted.sandbox, { port: INNER_PORT, path: `/${name}` }, request, response);
        return undefined;
      },
    }),
  );
  const allRoutes = (['GET', 'POST', 'PUT', 'DELETE'] as const).map(
    (method): Route => ({
      auth: 'session',
      method,
      path: '/runtimes/{id}/{rest*}',
      summary: 'OpenHands: the server inside a runtime.',
      async handle({ hosted, params, request, response }) {
        const query = request.url?.split('?')[1];
        const path = `/${params.rest ?? ''}${query === undefined ? '' : `?${query}`}`;
        await passOn(hosted.sandbox, { port: INNER_PORT, path }, request, response);
        return undefined;
      },
    }),
  );
  return [...healthRoutes, ...allRoutes];
}

/** One runtime as `/start` and the look-ups tell it. Ready means that the sandbox runs; clients then ask the server inside. */
function describe(hosted: HostedSandbox, { publicUrl }: ServeParts): Record<string, unknown> {
  const { id, status, sessionKey, sessionId } = hosted.view;
  return {
    runtime_id: id,
    session_id: sessionId,
    url: `${publicUrl}/runtimes/${id}`,
    session_api_key: sessionKey,
    work_hosts: {},
    status: status === 'ended' ? 'stopped' : status,
    pod_status: status === 'ended' ? 'failed' : 'ready',
    restart_count: 0,
    restart_reasons: [],
  };
}
