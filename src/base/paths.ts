/**
 * Where Assay keeps things on the host. `ASSAY_HOME` overrides; else `$XDG_DATA_HOME/assay` or `~/.local/share/assay`, and `/var/lib/assay` for root
 * (root's own home is closed to the unprivileged user that sandboxes run as).
 */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Root of everything that is shared between runs: layers, download cache, sandboxes in use, the built helper. */
export function assayHome(env: NodeJS.ProcessEnv = process.env): string {
  if (env.ASSAY_HOME) return resolve(env.ASSAY_HOME);
  if (!env.XDG_DATA_HOME && process.getuid?.() === 0) return '/var/lib/assay';
  return join(env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'assay');
}

export interface AssayPaths {
  home: string;
  /** `layers/<hex>/` read-only directories, one per layer. */
  layers: string;
  /** Private directories of live sandboxes. */
  sandboxes: string;
  /** Downloaded archives by digest. */
  downloads: string;
  /** Environment records by digest, with build logs. */
  environments: string;
  /** The compiled native helper. */
  native: string;
}

export function assayPaths(home: string = assayHome()): AssayPaths {
  return {
    home,
    layers: join(home, 'layers'),
    sandboxes: join(home, 'sandboxes'),
    downloads: join(home, 'downloads'),
    environments: join(home, 'environments'),
    native: join(home, 'native'),
  };
}
