/** What the routes work with. */
import type { SandboxBackend } from '../contracts/index.ts';
import type { HostBase } from '../sandbox/host-base.ts';
import type { BuildTable } from './control/build-table.ts';
import type { Holdings } from './control/holdings.ts';
import type { LayerDesk } from './control/layer-desk.ts';
import type { SandboxRegistry } from './control/sandbox-registry.ts';
import type { SpecPolicy } from './control/spec-policy.ts';
import type { ImageDesk } from './image-desk.ts';
import type { ServerMetrics } from './metrics.ts';

/** The programs of this machine; undefined where sandboxes stand on images only. */
export type HostDesk = (() => Promise<HostBase>) | undefined;

export interface ServeParts {
  backend: SandboxBackend;
  registry: SandboxRegistry;
  policy: SpecPolicy;
  holdings: Holdings;
  layers: LayerDesk;
  builds: BuildTable;
  images: ImageDesk;
  hostBase: HostDesk;
  metrics: ServerMetrics;
  /** Where clients reach this server, such as `https://sandboxes.example.org`: stands in replies that name a URL. */
  publicUrl: string;
  /** URL of runtimes of OpenHands clients, with `{id}` in the name of the host; null: below `publicUrl`. */
  runtimeUrl: string | null;
}
