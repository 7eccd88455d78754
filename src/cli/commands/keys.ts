import { assayPaths } from '../../base/paths.ts';
import { AssayError } from '../../contracts/index.ts';
import { type KeyRecord, type Scope, scopeSchema } from '../../serve/keys/key-record.ts';
import { KeyStore } from '../../serve/keys/key-store.ts';
import { defineCommand } from '../flag.ts';
import { print } from '../output.ts';
import { warnOfLooseKeys } from '../warn-of-loose-keys.ts';

export const keysAddCommand = defineCommand({
  name: 'keys add',
  summary: 'make an account key for `assay serve`; it is shown once',
  description: 'The key is kept as a hash only. A server that runs knows it at once.',
  arguments: [{ name: 'name', help: 'for people, such as who uses it', count: 'one' }],
  flags: {
    scope: { kind: 'strings', placeholder: 'name', help: 'sandboxes, images, metrics (default: sandboxes images)' },
    maxSandboxes: { kind: 'integer', default: 64, min: 1, help: 'live sandboxes at the same time' },
    requestsPerSecond: { kind: 'number', default: 100, min: 1, help: 'requests to the control plane' },
  },
  examples: ['assay keys add ci', 'assay keys add prometheus --scope metrics'],
  async run({ args, flags }) {
    const [name = ''] = args;
    const scopes = (flags.scope.length > 0 ? flags.scope : ['sandboxes', 'images']).map(parseScope);
    const { maxSandboxes, requestsPerSecond } = flags;
    const { record, text } = await store().add({ name, scopes, maxSandboxes, requestsPerSecond });
    print(flags.json, { ...publicFacts(record), key: text }, `${text}\n`);
    return 0;
  },
});

export const keysLsCommand = defineCommand({
  name: 'keys ls',
  summary: 'all account keys, the revoked ones too',
  arguments: [],
  flags: {},
  examples: ['assay keys ls'],
  async run({ flags }) {
    const keys = (await store().list()).map(publicFacts);
    warnOfLooseKeys(store());
    print(flags.json, { keys }, keys.map(keyLine).join('') || 'no keys; `assay keys add NAME` makes one\n');
    return 0;
  },
});

export const keysRevokeCommand = defineCommand({
  name: 'keys revoke',
  summary: 'end an account key; a server that runs refuses it from the next request on',
  arguments: [{ name: 'key', help: 'its id or name', count: 'one' }],
  flags: {},
  examples: ['assay keys revoke ci'],
  async run({ args, flags }) {
    const record = await store().revoke(args[0] ?? '');
    print(flags.json, publicFacts(record), keyLine(publicFacts(record)));
    return 0;
  },
});

type PublicFacts = Omit<KeyRecord, 'hash' | 'salt'>;

function publicFacts({ hash: _hash, salt: _salt, ...facts }: KeyRecord): PublicFacts {
  return facts;
}

function keyLine({ id, name, scopes, maxSandboxes, createdAt, revokedAt }: PublicFacts): string {
  const state = revokedAt === undefined ? 'in force' : `revoked ${revokedAt}`;
  return `${id}  ${oneLine(name)}  ${scopes.join(',')}  at most ${maxSandboxes} sandboxes  made ${createdAt}  ${state}\n`;
}

/** Names of older files may hold anything. */
function oneLine(name: string): string {
  return name.replaceAll('\n', '\\n');
}

function store(): KeyStore {
  return new KeyStore(assayPaths().home);
}

function parseScope(text: string): Scope {
  const parsed = scopeSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new AssayError('usage', `${text} is no scope`, {
    class: 'input',
    retryable: false,
    hint: `Scopes are ${scopeSchema.options.join(', ')}.`,
  });
}
