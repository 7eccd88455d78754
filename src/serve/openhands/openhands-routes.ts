/**
 * The runtime API that OpenHands clients expect. There is no published specification: routes, members and states are what its two clients (`RemoteRuntime`,
 * `APIRemoteWorkspace`) send and read.
 */
import { z } from 'zod';
import type { HostedSandbox } from '../control/hosted-sandbox.ts';
import { tenantImage, tenantSpec } from '../control/tenant-spec.ts';
import { notFound, refuse } from '../http/http-problem.ts';
import { readJson } from '../http/read-body.ts';
import type { AccountCall, OpenCall, Reply, Route } from '../http/route.ts';
import type { KeyRecord } from '../keys/key-record.ts';
import type { ServeParts } from '../serve-parts.ts';
import { imageRoutes } from './image-routes.ts';
import { INNER_PORT, RUNTIME_PATH } from './inner-connection.ts';
import { type InnerPlace, passOn } from './pass-on.ts';
import { runtimeUrl } from './runtime-host.ts';
import {
  lastWords,
  type OpenHandsStart,
  openHandsProgram,
  openHandsSpec,
  openHandsStartSchema,
} from './start-request.ts';

const account = { auth: 'account', scope: 'sandboxes' } as const;
const runtimeRequestSchema = z.object({ runtime_id: z.string() });
/** The program of `/start` under an id of the server's: started once, also when the request comes twice. */
const PROGRAM_ID = 'openhands-program';
const START_WAIT_SECONDS = 60;
const MAX_BATCH = 500;
/** Clients look again after less. */
const HEALTH_MS = 10_000;

export function openHandsRoutes(parts: ServeParts): Route[] {
  return [startRoute(parts), ...lifeRoutes(parts), ...lookRoutes(parts), ...imageRoutes(parts), ...innerRoutes(parts)];
}

function startRoute(parts: ServeParts): Route {
  /** By key and session: clients send the request again when it takes long. */
  const starting = new Map<string, Promise<HostedSandbox>>();
  const startOnce = (key: KeyRecord, asked: OpenHandsStart) => {
    const name = `${key.id} ${asked.session_id}`;
    const started = starting.get(name) ?? start(parts, key, asked).finally(() => starting.delete(name));
    starting.set(name, started);
    return started;
  };
  return {
    ...account,
    method: 'POST',
    path: '/start',
    summary: 'OpenHands: start the runtime of a session, or give the one it has.',
    body: openHandsStartSchema,
    async handle({ request, key }: AccountCall) {
      const asked = await readJson(request, openHandsStartSchema);
      const hosted = parts.registry.ofSession(key, asked.session_id) ?? (await startOnce(key, asked));
      const program = openHandsProgram(asked, hosted.sessionKey);
      if (program !== null) await hosted.spawn(PROGRAM_ID, { ...program, stderr: 'merge', stdin: 'open' });
      return { status: 200, body: await describe(hosted, parts) };
    },
  };
}

async function start(parts: ServeParts, key: KeyRecord, asked: OpenHandsStart) {
  const { backend, registry, holdings, policy } = parts;
  const image = await backend.describeImage(await tenantImage(asked.image, key, parts));
  await holdings.add(key.id, image.digest);
  const spec = await tenantSpec(openHandsSpec(asked, image), key, parts);
  const { runtimeHosts: allow } = policy;
  const network = allow.length > 0 ? { allow } : 'none';
  return registry.start(key, {
    spec: { ...spec, network },
    sessionId: asked.session_id,
    waitSeconds: START_WAIT_SECONDS,
  });
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
    handle: async (call: AccountCall) => ({ status: 200, body: await look(call) }),
  });
  return [
    get('/sessions/batch', 'the runtimes of several sessions.', ({ key, query }) => {
      const ids = query.getAll('ids');
      if (ids.length > MAX_BATCH) throw refuse(400, `at most ${MAX_BATCH} sessions at once`);
      return describeAll(
        ids.flatMap((id) => registry.ofSession(key, id) ?? []),
        parts,
      );
    }),
    get('/sessions/{session}', 'the runtime of a session; 404 when it has none.', ({ key, params }) => {
      const hosted = registry.ofSession(key, params.session ?? '');
      if (hosted === undefined) throw notFound('session');
      return describeWithLogs(hosted, parts);
    }),
    get('/runtime/{runtime}', 'the state of a runtime.', ({ key, params }) =>
      describeWithLogs(registry.find(key, params.runtime ?? ''), parts),
    ),
    get('/list', 'all live runtimes of the key.', async ({ key }) => {
      const live = registry.list(key).filter(({ end }) => end === undefined);
      return { total: live.length, runtimes: await describeAll(live, parts) };
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
      async handle(call) {
        const hosted = registry.findById(call.params.id ?? '');
        if (hosted === undefined) throw notFound('runtime');
        const place = { port: INNER_PORT, path: `/${name}`, withinMs: HEALTH_MS };
        return pass(hosted, place, call, 'unnamed');
      },
    }),
  );
  const allRoutes = (['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const).map(
    (method): Route => ({
      auth: 'session',
      method,
      path: RUNTIME_PATH,
      summary: 'OpenHands: the server inside a runtime.',
      hasLongBody: true,
      async handle({ hosted, ...call }) {
        const query = call.request.url?.split('?')[1];
        const path = `/${call.params.rest ?? ''}${query === undefined ? '' : `?${query}`}`;
        return pass(hosted, { port: INNER_PORT, path }, call, 'named');
      },
    }),
  );
  return [...healthRoutes, ...allRoutes];
}

async function pass(hosted: HostedSandbox, place: InnerPlace, call: OpenCall, who: 'named' | 'unnamed') {
  await hosted.connected(() => passOn(hosted.sandbox, place, call.request, call.response), who);
  return undefined;
}

/** One runtime as `/start` and the look-ups tell it. Ready means that the sandbox and its program run; clients then ask the server inside. */
async function describe(hosted: HostedSandbox, { publicUrl, runtimeUrl: template }: ServeParts) {
  const { id, status, sessionKey, sessionId } = hosted.view;
  const hasFailed = status === 'ended' || (await hosted.hasExited(PROGRAM_ID));
  return {
    runtime_id: id,
    session_id: sessionId,
    url: runtimeUrl(id, template, publicUrl),
    session_api_key: sessionKey,
    work_hosts: {},
    status: status === 'ended' ? 'stopped' : status,
    pod_status: hasFailed ? 'failed' : 'ready',
    restart_count: 0,
    restart_reasons: [],
  };
}

function describeAll(many: readonly HostedSandbox[], parts: ServeParts) {
  return Promise.all(many.map((hosted) => describe(hosted, parts)));
}

/** Clients show `pod_logs` of a runtime that failed. */
async function describeWithLogs(hosted: HostedSandbox, parts: ServeParts) {
  const runtime = await describe(hosted, parts);
  if (runtime.pod_status !== 'failed' || runtime.status !== 'running') return runtime;
  return { ...runtime, pod_logs: await lastWords(hosted.sandbox) };
}
