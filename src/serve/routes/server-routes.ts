/** What is asked of the server as a whole: its health, its metrics, images, layers, its own description. */
import type { ImageFacts } from '../../contracts/index.ts';
import { hostFactsSchema, imageFactsSchema } from '../../sandbox/remote/api.ts';
import { tenantImage } from '../control/tenant-spec.ts';
import { busy, refuse } from '../http/http-problem.ts';
import type { Route } from '../http/route.ts';
import type { KeyRecord } from '../keys/key-record.ts';
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
        const { warmState: warm } = registry;
        const { rss } = process.memoryUsage();
        response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
        response.end(
          metrics.text({
            assay_sandboxes: { help: 'Sandboxes that live.', value: live },
            assay_starts_waiting: { help: 'Requests that wait for a place.', value: waiting },
            assay_warm_sandboxes: { help: 'Sandboxes made ahead that nobody has yet.', value: warm.ready },
            assay_warm_given_total: { help: 'Starts that found one made ahead.', value: warm.given, counts: true },
            assay_warm_missed_total: { help: 'Starts that found none.', value: warm.missed, counts: true },
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
      query: {
        reference: { description: 'as for docker', isRequired: true },
        present: { description: '1: only if it is here and was told to this key before; else 404' },
      },
      reply: imageFactsSchema,
      async handle({ query, key }) {
        const reference = await tenantImage(query.get('reference') ?? '', key, parts);
        if (query.get('present') === '1') return { status: 200, body: await heldImage(reference, key, parts) };
        const image = await backend.describeImage(reference);
        await holdings.add(key.id, image.digest);
        return { status: 200, body: image };
      },
    },
    {
      auth: 'account',
      scope: 'sandboxes',
      method: 'GET',
      path: '/v1/host',
      summary: 'The programs of the machine that sandboxes stand on.',
      reply: hostFactsSchema,
      async handle() {
        const host = await parts.hostBase?.();
        if (host === undefined)
          throw refuse(501, 'sandboxes of this server stand on images only', 'sandbox-unavailable');
        // What lies in folders of their own stays here: clients take their own along.
        return { status: 200, body: { ...host, pythons: host.pythons.filter(({ prefix }) => prefix === undefined) } };
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

/** Throws 404 also for an image that is here for others. */
async function heldImage(reference: string, key: KeyRecord, { images, holdings }: ServeParts): Promise<ImageFacts> {
  const image = await images.find(reference);
  if (image !== undefined && (await holdings.has(key.id, image.digest))) return image;
  throw refuse(404, `${reference} is not here`, 'image-not-found');
}
