/** The OpenAPI 3.1 document, derived from the routes and their schemas. */
import { z } from 'zod';
import { API_KEY_HEADER, errorBodySchema, SESSION_KEY_HEADER } from '../sandbox/remote/api.ts';
import type { Route } from './http/route.ts';

const JSON_TYPE = 'application/json';
const SECURITY = { none: [], account: [{ account: [] }], session: [{ session: [] }] };

export function openApiDocument(routes: readonly Route[]): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const methods = paths[route.path] ?? {};
    methods[route.method.toLowerCase()] = operation(route);
    paths[route.path] = methods;
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Assay sandbox server', version: '1' },
    paths,
    components: {
      securitySchemes: {
        account: { type: 'apiKey', in: 'header', name: API_KEY_HEADER },
        session: { type: 'apiKey', in: 'header', name: SESSION_KEY_HEADER },
      },
    },
  };
}

function operation(route: Route): Record<string, unknown> {
  const body = contentOf(route.body, route.binary?.body, 'input');
  const reply = contentOf(route.reply, route.binary?.reply, 'output');
  return {
    summary: route.summary,
    security: SECURITY[route.auth],
    parameters: [...pathParameters(route), ...queryParameters(route)],
    ...(body === undefined ? {} : { requestBody: { required: true, content: body } }),
    responses: {
      [route.status ?? 200]: { description: 'done', ...(reply === undefined ? {} : { content: reply }) },
      default: { description: 'refused', content: contentOf(errorBodySchema, undefined, 'output') },
    },
  };
}

function contentOf(schema: z.ZodType | undefined, binary: string | undefined, io: 'input' | 'output') {
  if (binary !== undefined) return { [binary]: { schema: { type: 'string', format: 'binary' } } };
  return schema === undefined ? undefined : { [JSON_TYPE]: { schema: z.toJSONSchema(schema, { io }) } };
}

function pathParameters({ path, params = {} }: Route) {
  return [...path.matchAll(/\{(\w+)\*?\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: z.toJSONSchema(params[name] ?? z.string()),
  }));
}

function queryParameters({ query = {} }: Route) {
  return Object.entries(query).map(([name, { description, schema = z.string(), isRequired = false }]) => ({
    name,
    in: 'query',
    description,
    required: isRequired,
    schema: z.toJSONSchema(schema),
  }));
}
