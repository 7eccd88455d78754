/** For backends that know no list of hosts. */
import { AssayError, type SandboxNetwork } from '../contracts/index.ts';

/** Throws `sandbox-unavailable` for a list of hosts. */
export function plainNetwork(network: SandboxNetwork, backend: string): 'none' | 'host' {
  if (typeof network === 'string') return network;
  throw new AssayError('sandbox-unavailable', `the ${backend} cannot limit the network to a list of hosts`, {
    class: 'infra',
    retryable: false,
    hint: 'Use the native backend with its helper (a C compiler is needed), or give the step the whole network.',
  });
}
