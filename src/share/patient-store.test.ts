import { expect, test } from 'vitest';
import { AssayError, type SharedStore } from '../contracts/index.ts';
import { patientStore } from './patient-store.ts';

/** A store of one text that does what `plan` says, one word per call: `down`, or `lost` for one that is heard while its answer is lost. */
function storeWith(plan: ('down' | 'lost' | 'refuses')[]): SharedStore & { writes: number } {
  let text: string | null = null;
  let version = 0;
  const store = {
    name: 'test',
    writes: 0,
    get: async () => {
      act();
      return text === null ? null : { text, version: String(version) };
    },
    put: async (_key: string, next: string, ifVersion: string | null) => {
      const word = plan.shift();
      if (word === 'down' || word === 'refuses') throw failure(word);
      const holds = ifVersion === (text === null ? null : String(version));
      if (holds) {
        store.writes++;
        text = next;
        version++;
      }
      if (word === 'lost') throw failure('down');
      return holds ? String(version) : null;
    },
    versions: async () => new Map<string, string>(),
    putBytes: async () => {},
    getBytes: async () => null,
    close: async () => {},
  };
  const act = () => {
    const word = plan.shift();
    if (word !== undefined) throw failure(word);
  };
  return store;
}

function failure(word: 'down' | 'lost' | 'refuses'): AssayError {
  const code = word === 'refuses' ? 'config-invalid' : 'store-unreachable';
  return new AssayError(code, word, { class: 'infra', retryable: true });
}

function patience(more: { longestMs?: () => number; signal?: AbortSignal } = {}) {
  const told: string[] = [];
  const given = { onTrouble: (message: string) => told.push(message), onAnswer: () => told.push('answers') };
  return { told, given: { ...given, signal: new AbortController().signal, pauseMs: 5, ...more } };
}

test('asks until there is an answer, and tells of the waiting once', async () => {
  const { told, given } = patience();
  const store = patientStore(storeWith(['down', 'down', 'down']), given);
  expect(await store.put('k', 'text', null)).toBe('1');
  expect(told).toEqual(['down', 'answers']);
});

test('a write whose answer was lost is known again; one that another process was faster with is not', async () => {
  const inner = storeWith(['lost']);
  const store = patientStore(inner, patience().given);
  expect(await store.put('k', 'mine', null)).toBe('1');
  expect(inner.writes).toBe(1);
  expect(await store.put('k', 'again', null)).toBeNull();
  const taken = storeWith([]);
  await taken.put('k', 'theirs', null);
  expect(await patientStore(taken, patience().given).put('k', 'mine', null)).toBeNull();
});

test('gives up after its time, when it is told to, and at once where waiting does not help', async () => {
  const always = () => storeWith(Array<'down'>(10_000).fill('down'));
  await expect(patientStore(always(), patience({ longestMs: () => 30 }).given).get('k')).rejects.toMatchObject({
    code: 'store-unreachable',
  });
  const control = new AbortController();
  const asked = patientStore(always(), patience({ signal: control.signal }).given).get('k');
  setTimeout(() => control.abort(), 20);
  await expect(asked).rejects.toMatchObject({ code: 'store-unreachable' });
  const { told, given } = patience();
  await expect(patientStore(storeWith(['refuses']), given).get('k')).rejects.toMatchObject({ code: 'config-invalid' });
  expect(told).toEqual([]);
});
