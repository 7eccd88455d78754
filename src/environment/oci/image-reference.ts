/** Names of images in registries: `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`, completed as the docker program does. */
import { AssayError } from '../../contracts/index.ts';

export interface RegistryReference {
  /** Host and port as in the name; `docker.io` for Docker Hub. */
  registry: string;
  /** Path within the registry, such as `library/debian`. */
  repository: string;
  /** Tag or `sha256:...`; the digest when both are given. */
  version: string;
}

const HOST = /^(?:[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*|\[[0-9a-fA-F:]+\])(?::\d+)?$/;
const PATH = /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Throws `image-not-found` with what is wrong with the name. */
export function parseReference(text: string): RegistryReference {
  const [name = '', digest] = splitOnce(text, '@');
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  // The first part is a host when it could not be part of a path on Docker Hub.
  const hasHost = slash >= 0 && (/[.:]/.test(first) || first === 'localhost');
  const registry = hasHost ? first : 'docker.io';
  const [path = '', tag] = splitOnce(hasHost ? name.slice(slash + 1) : name, ':');
  const repository = registry === 'docker.io' && !path.includes('/') ? `library/${path}` : path;
  if (!HOST.test(registry) || !PATH.test(repository)) throw badReference(text, 'it is not NAME[:TAG][@DIGEST]');
  if (tag !== undefined && !TAG.test(tag)) throw badReference(text, `${tag} is not a tag`);
  if (digest !== undefined && !DIGEST.test(digest)) throw badReference(text, 'only sha256 digests are known');
  return { registry, repository, version: digest ?? tag ?? 'latest' };
}

/** The full name, the same for all ways to write it. */
export function referenceName({ registry, repository, version }: RegistryReference): string {
  return `${registry}/${repository}${DIGEST.test(version) ? '@' : ':'}${version}`;
}

export function isDigest(version: string): boolean {
  return DIGEST.test(version);
}

function splitOnce(text: string, at: string): [string, string?] {
  const index = text.indexOf(at);
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}

function badReference(text: string, why: string): AssayError {
  return new AssayError('image-not-found', `${JSON.stringify(text)} is not the name of an image: ${why}`, {
    class: 'input',
    retryable: false,
  });
}
