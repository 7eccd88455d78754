/** The sandbox that a key asks for, as the backend may be asked for it. */
import type { SandboxSpec } from '../../contracts/index.ts';
import { refuse } from '../http/http-problem.ts';
import type { KeyRecord } from '../keys/key-record.ts';
import type { Holdings } from './holdings.ts';
import { allowedImage, demandAllowed, type SpecPolicy } from './spec-policy.ts';

interface TenantParts {
  policy: SpecPolicy;
  holdings: Holdings;
}

/** Throws 403 for what the policy does not allow, 404 for layers and digests that the key does not hold, whether they are here or not. */
export async function tenantSpec(spec: SandboxSpec, owner: KeyRecord, parts: TenantParts): Promise<SandboxSpec> {
  demandAllowed(spec, parts.policy);
  for (const { digest } of spec.layers)
    if (!(await parts.holdings.has(owner.id, digest)))
      throw refuse(404, `this key has no layer ${digest}`, 'sandbox-create-failed');
  if (spec.base.kind !== 'image') return spec;
  return { ...spec, base: { kind: 'image', reference: await tenantImage(spec.base.reference, owner, parts) } };
}

/** The reference by which the backend finds the image that this key means. Throws like `tenantSpec`. */
export async function tenantImage(
  reference: string,
  owner: KeyRecord,
  { policy, holdings }: TenantParts,
): Promise<string> {
  if (/^sha256:[0-9a-f]{64}$/.test(reference)) {
    if (await holdings.has(owner.id, reference)) return reference;
    throw refuse(404, `this key has no image ${reference}`, 'image-not-found');
  }
  const name = allowedImage(reference, policy);
  return (await holdings.imageNamed(owner.id, name)) ?? name;
}
