import type { z } from 'zod';
import { refuse } from './http-problem.ts';
import type { OpenCall, Route } from './route.ts';

/** Throws 400 with the first part of the path or of the query that is not as the route says. */
export function checkParameters({ params = {}, query = {} }: Route, call: OpenCall): void {
  for (const [name, schema] of Object.entries(params)) check(name, schema, call.params[name]);
  for (const [name, { schema, isRequired = false }] of Object.entries(query)) {
    const given = call.query.get(name);
    if (given === null && isRequired) throw refuse(400, `${name}: it is missing in the query`);
    if (given !== null && schema !== undefined) check(name, schema, given);
  }
}

function check(name: string, schema: z.ZodType<string>, given: string | undefined): void {
  const [issue] = schema.safeParse(given).error?.issues ?? [];
  if (issue !== undefined) throw refuse(400, `${name}: ${issue.message}`);
}
