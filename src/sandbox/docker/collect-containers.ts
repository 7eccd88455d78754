/** Removes what processes of this machine left on the engine when they were killed: containers whose owner is dead. */
import { hostname } from 'node:os';
import { z } from 'zod';
import { livenessOf, ownIdentity, processIdentitySchema } from '../../base/process-identity.ts';
import type { GcReport } from '../../contracts/index.ts';
import { LABEL } from './container-config.ts';
import type { EngineClient } from './engine-client.ts';

const listSchema = z.array(z.object({ Id: z.string(), Labels: z.record(z.string(), z.string()).nullish() })).nullable();

/** Several machines may share an engine: only containers of this one are looked at. */
export async function collectContainers(engine: EngineClient): Promise<GcReport> {
  const report: GcReport = { sandboxes: 0, processes: 0, mounts: 0, cgroups: 0, bytes: 0 };
  const filters = JSON.stringify({ label: [`${LABEL.sandbox}=1`, `${LABEL.host}=${hostname()}`] });
  const path = `/containers/json?all=1&filters=${encodeURIComponent(filters)}`;
  for (const container of listSchema.parse(await engine.json({ method: 'GET', path })) ?? []) {
    if (await mayBeInUse(container.Labels?.[LABEL.owner])) continue;
    await engine.call({ method: 'DELETE', path: `/containers/${container.Id}?force=1&v=1`, accept: [404, 409] });
    report.sandboxes++;
  }
  return report;
}

/** A label that cannot be read is nobody's. */
async function mayBeInUse(label = ''): Promise<boolean> {
  const owner = z.preprocess(parsed, processIdentitySchema).safeParse(label);
  return owner.success && (await livenessOf(owner.data, await ownIdentity())) !== 'dead';
}

function parsed(label: unknown): unknown {
  try {
    return JSON.parse(String(label));
  } catch {
    return undefined;
  }
}
