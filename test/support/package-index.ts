import { registryConfig } from '../../src/environment/registry-config.ts';

/** Why Python packages cannot be had; undefined when they can. */
export async function packageIndexProblem(): Promise<string | undefined> {
  const index = (await registryConfig(process.env)).pypi.url;
  const isReachable = await fetch(`${index}pytest/`, { method: 'HEAD', signal: AbortSignal.timeout(5_000) }).then(
    (response) => response.ok,
    () => false,
  );
  return isReachable ? undefined : `${index} cannot be reached`;
}
