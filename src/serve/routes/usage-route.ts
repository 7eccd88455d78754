import { sandboxUsageSchema } from '../../contracts/index.ts';
import type { Route } from '../http/route.ts';

/** What a sandbox has used, by its session key. */
export function usageRoute(): Route {
  return {
    auth: 'session',
    method: 'GET',
    path: '/v1/sandboxes/{id}/usage',
    summary: 'What the sandbox has used.',
    reply: sandboxUsageSchema,
    handle: async ({ hosted }) => ({ status: 200, body: await hosted.sandbox.usage() }),
  };
}
