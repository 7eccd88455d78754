/** Names of exact package versions: npm `name@1.2.3`, `@scope/name@1.2.3`; PyPI `name==1.2.3`. Ranges and tags are refused: they move. */

export interface PackageSpec {
  registry: 'npm' | 'pypi';
  name: string;
  version: string;
}

const NPM = /^((?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-zA-Z0-9~-][a-zA-Z0-9._~-]*)@(\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?)$/;
const PYPI = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)==(\d[0-9A-Za-z.!+_-]*)$/;

/** The parts of a package name with version, or null when it is not an exact one. */
export function parsePackageSpec(registry: 'npm' | 'pypi', text: string): PackageSpec | null {
  const match = (registry === 'npm' ? NPM : PYPI).exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return null;
  return { registry, name: match[1], version: match[2] };
}

/** PyPI's normal form of a project name (PEP 503). */
export function normalPypiName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}
