/** What is asked of the server as a whole: its health, its metrics, images, layers, its own description. */
import { z } from 'zod';
import { imageFactsSchema } from '../../sandbox/remote/api.ts';
import { tenantImage } from '../control/tenant-spec.ts';
import { busy, refuse } from '../http/http-problem.ts';
import type { Route } from '../http/route.ts';
import { openApiDocument } from '../openapi.ts';
import type { ServeParts } from '../serve-parts.ts';

export function serverRoutes(parts: ServeParts, others: readonly Route[]): Route[] {
  const { backend, registry, holdings, metrics } = parts;
  const routes: Route[] = [
    {
      auth: 'none',
      method: 'GET',
      path: '/health',
      summary: 'The server answers.',
      handle: async () => ({ status: 200, body: { status: 'ok' } }),
    },
    {
      auth: 'none',
      method: 'GET',
      path: '/ready',
      summary: 'The server starts sandboxes; 503 when it is about to stop.',
      async handle() {
        if (registry.state.draining) throw busy('this server is about to stop', 30, 503);
        return { status: 200, body: { status: 'ready' } };
      },
    },
    {
      auth: 'account',
      scope: 'metrics',
      method: 'GET',
      path: '/metrics',
      summary: 'Counters in the text format of Prometheus.',
      binary: { reply: 'text/plain' },
      async handle({ response }) {
        const { live, waiting } = registry.state;
        const { rss } = process.memoryUsage();
        response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
        response.end(
          metrics.text({
            assay_sandboxes: { help: 'Sandboxes that live.', value: live },
            assay_starts_waiting: { help: 'Requests that wait for a place.', value: waiting },
            assay_resident_bytes: { help: 'Resident memory of the server process.', value: rss },
          }),
        );
        return undefined;
      },
    },
    {
      auth: 'account',
      scope: 'sandboxes',
      method: 'GET',
      path: '/v1/images',
      summary: 'Make an image available, and say what it is.',
      query: { reference: 'as for docker' },
      reply: imageFactsSchema,
      async handle({ query, key }) {
        const image = await backend.describeImage(await tenantImage(query.get('reference') ?? '', key, parts));
        await holdings.add(key.id, image.digest);
        return { status: 200, body: image };
      },
    },
    {
      auth: 'account',
      scope: 'sandboxes',
      method: 'GET',
      path: '/v1/layers/{hex}',
      summary: 'Whether a layer that this key made is here.',
      reply: z.object({ exists: z.boolean() }),
      async handle({ params, key }) {
        const { hex = '' } = params;
        if (!/^[0-9a-f]{64}$/.test(hex)) throw refuse(400, 'a layer is named by the 64 hex digits of its digest');
        const digest = `sha256:${hex}`;
        const exists = (await holdings.has(key.id, digest)) && (await backend.hasLayer({ digest }));
        return { status: 200, body: { exists } };
      },
    },
    {
      auth: 'account',
      scope: 'sandboxes',
      method: 'GET',
      path: '/v1/probe',
      summary: 'What the backend behind this server can do.',
      handle: async () => ({ status: 200, body: await backend.probe() }),
    },
  ];
  const described = [...others, ...routes];
  return [
    ...routes,
    {
      auth: 'none',
      method: 'GET',
      path: '/openapi.json',
      summary: 'This description.',
      handle: async () => ({ status: 200, body: openApiDocument(described) }),
    },
  ];
}
