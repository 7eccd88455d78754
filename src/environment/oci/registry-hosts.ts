/** Which addresses stand for a registry: its mirrors first, then itself. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

export interface RegistryHost {
  /** `https://host[:port]`, no slash at the end. */
  url: string;
  /** What its credentials are kept under. */
  name: string;
}

const daemonSchema = z.object({
  'registry-mirrors': z.array(z.string()).optional(),
  'insecure-registries': z.array(z.string()).optional(),
});

/**
 * Mirrors come from `ASSAY_REGISTRY_MIRRORS` (`docker.io=https://mirror.example,ghcr.io=http://10.0.0.5:5000`), for Docker Hub also from `registry-mirrors` of
 * `/etc/docker/daemon.json`. Plain HTTP is spoken to loopback addresses, to `insecure-registries` of that file and to those named in
 * `ASSAY_INSECURE_REGISTRIES` (commas).
 */
export async function registryHosts(
  registry: string,
  env: NodeJS.ProcessEnv = process.env,
  daemonFile = '/etc/docker/daemon.json',
): Promise<RegistryHost[]> {
  const daemon = await readDaemonFile(daemonFile);
  const insecure = [...list(env.ASSAY_INSECURE_REGISTRIES), ...(daemon['insecure-registries'] ?? [])];
  const ofEnv = list(env.ASSAY_REGISTRY_MIRRORS).flatMap((pair) => {
    const [name, url] = pair.split('=', 2);
    return name === registry && url !== undefined ? [url] : [];
  });
  const mirrors = [...ofEnv, ...(registry === 'docker.io' ? (daemon['registry-mirrors'] ?? []) : [])];
  const address = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
  const plain = isLoopback(address) || insecure.includes(registry);
  return [
    ...mirrors.map((mirror) => {
      const url = /^https?:\/\//.test(mirror) ? mirror : `https://${mirror}`;
      return { url: url.replace(/\/+$/, ''), name: new URL(url).host };
    }),
    { url: `${plain ? 'http' : 'https'}://${address}`, name: registry },
  ];
}

function isLoopback(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host);
}

function list(text: string | undefined): string[] {
  return (text ?? '').split(',').flatMap((item) => (item.trim() === '' ? [] : [item.trim()]));
}

async function readDaemonFile(path: string): Promise<z.infer<typeof daemonSchema>> {
  try {
    return daemonSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return {}; // another program's file: what cannot be read there says nothing about mirrors
  }
}
