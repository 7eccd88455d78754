/** Platforms as `os/architecture[/variant]`, and the choice among those an image is built for. */
import { AssayError } from '../../contracts/index.ts';
import type { Descriptor } from './manifest.ts';

const ARCHITECTURES: Record<string, string> = {
  x64: 'amd64',
  arm64: 'arm64',
  arm: 'arm',
  ppc64: 'ppc64le',
  s390x: 's390x',
};

/** The platform that runs on this machine. */
export function hostPlatform(): string {
  return `linux/${ARCHITECTURES[process.arch] ?? process.arch}`;
}

/** Throws `usage` for what is no `os/architecture[/variant]`. */
export function demandPlatform(text: string): string {
  if (/^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9.]+)?$/.test(text)) return text;
  throw new AssayError('usage', `${JSON.stringify(text)} is no platform`, {
    class: 'input',
    retryable: false,
    hint: 'Write it as linux/amd64 or linux/arm64/v8.',
  });
}

/** The manifest for a platform. A variant that was not asked for may be any. Throws `image-not-found` that lists what there is. */
export function choosePlatform(manifests: readonly Descriptor[], wanted: string, what: string): Descriptor {
  const [os, architecture, variant] = wanted.split('/');
  const found = manifests.find(
    ({ platform }) =>
      platform?.os === os &&
      platform?.architecture === architecture &&
      (variant === undefined || platform?.variant === variant),
  );
  if (found !== undefined) return found;
  // An index with one manifest that names no platform, as some tools write it.
  const [only] = manifests;
  if (manifests.length === 1 && only !== undefined && only.platform == null) return only;
  const names = manifests.flatMap(({ platform }) =>
    platform == null || platform.os === 'unknown' ? [] : [platformName(platform)],
  );
  throw new AssayError(
    'image-not-found',
    `${what} is not there for ${wanted}, only for ${names.join(', ') || 'none'}`,
    {
      class: 'input',
      retryable: false,
      hint: 'Ask for one of these with --platform; it can be looked at, but runs only where the machine can.',
    },
  );
}

export function platformName(platform: { os: string; architecture: string; variant?: string | undefined }): string {
  const { os, architecture, variant } = platform;
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}
