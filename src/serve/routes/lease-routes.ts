/** Leases: heartbeats of clients, and the ends of their sandboxes as they happen. */
import type { ServerResponse } from 'node:http';
import { clientIdSchema, leaseRequestSchema } from '../../sandbox/remote/api.ts';
import type { Lease, LeaseEnd } from '../control/lease-table.ts';
import { notFound } from '../http/http-problem.ts';
import { readJson } from '../http/read-body.ts';
import type { AccountCall, Route } from '../http/route.ts';
import type { ServeParts } from '../serve-parts.ts';

const ALIVE_MS = 10_000;
const LEASE = { lease: clientIdSchema };

export function leaseRoutes({ registry }: ServeParts): Route[] {
  const find = ({ key, params }: AccountCall): Lease => {
    const lease = registry.leases.find(key.id, params.lease ?? '');
    if (lease === undefined) throw notFound('lease');
    return lease;
  };
  return [
    {
      auth: 'account',
      scope: 'sandboxes',
      method: 'PUT',
      path: '/v1/leases/{lease}',
      params: LEASE,
      summary: 'Make a lease or prolong it. Sandboxes that were started under it end with it.',
      body: leaseRequestSchema,
      async handle({ request, key, params }) {
        const { seconds } = await readJson(request, leaseRequestSchema);
        registry.leases.renew(key.id, params.lease ?? '', seconds);
        return { status: 200, body: { expiresAt: new Date(Date.now() + seconds * 1000).toISOString() } };
      },
    },
    {
      auth: 'account',
      scope: 'sandboxes',
      method: 'DELETE',
      path: '/v1/leases/{lease}',
      params: LEASE,
      summary: 'End a lease; answered when all of its sandboxes are gone.',
      async handle(call) {
        await registry.endLease(find(call));
        return { status: 200, body: {} };
      },
    },
    {
      auth: 'account',
      scope: 'sandboxes',
      method: 'GET',
      path: '/v1/leases/{lease}/ends',
      params: LEASE,
      summary: 'The sandboxes of the lease that ended, as lines of JSON, those before the request too.',
      binary: { reply: 'application/x-ndjson' },
      async handle(call) {
        await tellEnds(find(call), call.response);
        return undefined;
      },
    },
  ];
}

/** Until the lease is over or the client goes away. */
async function tellEnds(lease: Lease, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  const line = (event: Partial<LeaseEnd>) => response.write(`${JSON.stringify(event)}\n`);
  line({});
  for (const end of lease.ends) line(end);
  const alive = setInterval(line, ALIVE_MS, {});
  lease.events.on('end', line);
  try {
    await new Promise<void>((resolve) => {
      lease.events.once('over', resolve);
      response.once('close', resolve);
    });
  } finally {
    clearInterval(alive);
    lease.events.off('end', line);
    response.end();
  }
}
