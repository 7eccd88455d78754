/** Shells and actions of one sandbox, by its session key. */
import { z } from 'zod';
import { toolResultSchema } from '../../contracts/index.ts';
import { clientIdSchema } from '../../sandbox/remote/api.ts';
import { readJson } from '../http/read-body.ts';
import type { Route } from '../http/route.ts';

const SHELL = '/v1/sandboxes/{id}/shells/{shell}';
const MAX_SECONDS = 3_600;

const actionSchema = z.strictObject({
  /** `bash`, or `str_replace_based_edit_tool`. */
  tool: z.string(),
  input: z.record(z.string(), z.unknown()),
  timeoutSeconds: z.number().positive().max(MAX_SECONDS).default(120),
});

const observationSchema = toolResultSchema
  .pick({ content: true, isError: true })
  .extend({ exitCode: z.number().int().nullable().optional(), cutBytes: z.number().int().optional() });

export function actionRoutes(): Route[] {
  return [
    {
      auth: 'session',
      method: 'PUT',
      path: `${SHELL}/actions/{action}`,
      params: { shell: clientIdSchema, action: clientIdSchema },
      summary:
        'Carry out an action under an id of the client, in a shell that lasts; answered with its observation. Sent again, nothing is done twice.',
      body: actionSchema,
      reply: observationSchema,
      async handle({ request, hosted, params }) {
        hosted.demandRunning();
        const { shell = '', action = '' } = params;
        return { status: 200, body: await hosted.actions.act(shell, action, await readJson(request, actionSchema)) };
      },
    },
    {
      auth: 'session',
      method: 'DELETE',
      path: SHELL,
      params: { shell: clientIdSchema },
      summary: 'End a shell and what runs in it.',
      async handle({ hosted, params }) {
        await hosted.actions.close(params.shell ?? '');
        return { status: 200, body: {} };
      },
    },
  ];
}
