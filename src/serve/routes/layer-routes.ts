/** The layers of an account key. */
import { z } from 'zod';
import { layerListSchema } from '../../sandbox/remote/api.ts';
import type { AccountCall, Route } from '../http/route.ts';
import type { ServeParts } from '../serve-parts.ts';

const account = { auth: 'account', scope: 'sandboxes' } as const;
const ONE = '/v1/layers/{hex}';
const params = { hex: z.string().regex(/^[0-9a-f]{64}$/, 'the 64 hex digits of its digest') };

export function layerRoutes({ backend, registry, holdings, layers }: ServeParts): Route[] {
  return [
    {
      ...account,
      method: 'GET',
      path: '/v1/layers',
      summary: 'The layers that this key made, what each counts for, and what all of them may.',
      reply: layerListSchema,
      handle: async ({ key }: AccountCall) => ({ status: 200, body: await layers.list(key.id) }),
    },
    {
      ...account,
      method: 'GET',
      path: ONE,
      params,
      summary: 'Whether a layer that this key made is here.',
      reply: z.object({ exists: z.boolean() }),
      async handle(call: AccountCall) {
        const digest = digestOf(call);
        const exists = (await holdings.has(call.key.id, digest)) && (await backend.hasLayer({ digest }));
        return { status: 200, body: { exists } };
      },
    },
    {
      ...account,
      method: 'DELETE',
      path: ONE,
      params,
      summary: 'Remove a layer that this key made; 409 while a sandbox stands on it.',
      async handle(call: AccountCall) {
        await registry.removeLayer(call.key, digestOf(call));
        return { status: 200, body: {} };
      },
    },
  ];
}

function digestOf({ params: { hex = '' } }: AccountCall): string {
  return `sha256:${hex}`;
}
