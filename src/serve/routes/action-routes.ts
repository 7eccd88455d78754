/** Shells and actions of one sandbox, by its session key. */
import { z } from 'zod';
import { toolResultSchema } from '../../contracts/index.ts';
import { clientIdSchema } from '../../sandbox/remote/api.ts';
import { refuse } from '../http/http-problem.ts';
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
      summary:
        'Carry out an action under an id of the client, in a shell that lasts; answered with its observation. Sent again, nothing is done twice.',
      body: actionSchema,
      reply: observationSchema,
      async handle({ request, hosted, params }) {
        const [shell, action] = [idOf(params.shell), idOf(params.action)];
        return { status: 200, body: await hosted.actions.act(shell, action, await readJson(request, actionSchema)) };
      },
    },
    {
      auth: 'session',
      method: 'DELETE',
      path: SHELL,
      summary: 'End a shell and what runs in it.',
      async handle({ hosted, params }) {
        await hosted.actions.close(idOf(params.shell));
        return { status: 200, body: {} };
      },
    },
  ];
}

function idOf(text: string | undefined): string {
  const id = clientIdSchema.safeParse(text);
  if (!id.success) throw refuse(400, 'shells and actions are named by 8 to 64 letters, digits, - and _');
  return id.data;
}
