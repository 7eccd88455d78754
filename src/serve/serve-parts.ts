/** What the routes work with. */
import type { SandboxBackend } from '../contracts/index.ts';
import type { SandboxRegistry } from './control/sandbox-registry.ts';
import type { SpecPolicy } from './control/spec-policy.ts';
import type { ServerMetrics } from './metrics.ts';

export interface ServeParts {
  backend: SandboxBackend;
  registry: SandboxRegistry;
  policy: SpecPolicy;
  metrics: ServerMetrics;
  /** Where clients reach this server, such as `https://sandboxes.example.org`: stands in replies that name a URL. */
  publicUrl: string;
}
