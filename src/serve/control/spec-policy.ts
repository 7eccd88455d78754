/** What tenants may ask for: images and hosts are fetched by the server, from where it stands in the network. */
import type { SandboxSpec } from '../../contracts/index.ts';
import { parseReference, referenceName } from '../../environment/oci/image-reference.ts';
import { matchingRule, namesThisMachine, parseHostRule } from '../../sandbox/host-list.ts';
import { refuse } from '../http/http-problem.ts';

export interface SpecPolicy {
  /** Sandboxes may have the network of the server's machine. */
  hostNetwork: boolean;
  /** Registries that images may come from: `docker.io`, `ghcr.io`, `*.example.org`, `registry.lan:5000`. */
  registries: readonly string[];
  /** Hosts that sandboxes of OpenHands clients may reach: these clients cannot ask for any. */
  runtimeHosts: readonly string[];
  /** Most of each limit that one sandbox may have. */
  most: Readonly<Record<keyof SandboxSpec['limits'], number>>;
}

const HTTPS_PORT = 443;
/** Endings of names that only private networks know. */
const PRIVATE_NAME = /(^|\.)(localhost|local|internal|intranet|lan|home\.arpa|svc)$/;

/** Throws 403 with the first thing that is not allowed. Images are a matter of their own. */
export function demandAllowed(spec: SandboxSpec, policy: SpecPolicy): void {
  if (spec.network === 'host' && !policy.hostNetwork)
    throw refuse(
      403,
      'this server gives no sandbox the network of its machine (`assay serve --host-network` does; `--network none` asks for none)',
    );
  if (typeof spec.network === 'object') for (const host of spec.network.allow) demandPublicHost(host);
  for (const name of Object.keys(policy.most) as (keyof SandboxSpec['limits'])[])
    if (spec.limits[name] > policy.most[name])
      throw refuse(
        403,
        `limits.${name}: ${spec.limits[name]} was asked for, and this server gives at most ${policy.most[name]}`,
        'usage',
        'Limits stand in task.yaml; the server gives more with --max-memory, --max-disk or --max-cpus.',
      );
}

/**
 * The full name of an image in a registry: no backend takes it for a file or for anything else of this machine. Throws 403 for a registry that is not on the list, 404 for
 * what is no name.
 */
export function allowedImage(reference: string, { registries }: SpecPolicy): string {
  const parsed = parseReference(reference);
  const { registry } = parsed;
  const [host = '', port] = registry.split(/:(?=\d+$)/);
  const rules = registries.flatMap((text) => parseHostRule(text) ?? []);
  if (matchingRule(rules, host, port === undefined ? HTTPS_PORT : Number(port)) === undefined)
    throw refuse(403, `images of ${registry} are not allowed here`, 'image-refused');
  return referenceName(parsed);
}

function demandPublicHost(text: string): void {
  const rule = parseHostRule(text);
  if (rule === undefined) throw refuse(400, `${text} is no host`);
  if (namesThisMachine(rule) || PRIVATE_NAME.test(rule.name) || !rule.name.includes('.'))
    throw refuse(403, `${text} is not a public host`);
}
