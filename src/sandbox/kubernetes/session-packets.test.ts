import { expect, test } from 'vitest';
import { greeting, readAnswer } from './session-greeting.ts';
import { encodeData, number64, PACKET, PacketReader } from './session-packets.ts';
import { SessionSeal } from './session-seal.ts';

const seal = new SessionSeal();

/** As the agent writes it. */
function packet(kind: number, place: number, payload: Buffer, by = seal): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt8(kind, 0);
  header.writeUInt32LE(payload.length, 1);
  return Buffer.concat([header, payload, by.of('from-sandbox', number64(place), header, payload)]);
}

const word = Buffer.from('word');

test('packets are cut out of any pieces of bytes, each at its place', () => {
  const bytes = Buffer.concat([
    packet(PACKET.data, 10, word),
    packet(PACKET.received, 0, number64(7)),
    packet(PACKET.data, 14, word),
  ]);
  const reader = new PacketReader(seal, 10);
  const kinds = [...bytes].flatMap((byte) => reader.push(Buffer.from([byte])).map(({ kind }) => kind));
  expect(kinds).toEqual([PACKET.data, PACKET.received, PACKET.data]);
});

const sealed = packet(PACKET.data, 0, word);
const changed = Buffer.from(sealed);
changed.write('w', 6);

test.each([
  ['changed on its way', changed],
  ['of another session', packet(PACKET.data, 0, word, new SessionSeal())],
  ['said before, at another place', packet(PACKET.data, 4, word)],
  ['said by the controller itself', encodeData(seal, 0, word)],
  ['longer than any', Buffer.from([0, 255, 255, 255, 255])],
])('a packet that is %s is not believed', (_what, bytes) => {
  expect(() => new PacketReader(seal, 0).push(bytes)).toThrow(RangeError);
});

test('an answer holds for its own greeting alone, and the key is told as long as it has to be', () => {
  const first = greeting(seal, { tellKey: true, received: 0 });
  const later = greeting(seal, { tellKey: false, received: 0 });
  expect([first.bytes.includes(seal.key), later.bytes.includes(seal.key)]).toEqual([true, false]);
  const numbers = Buffer.concat([number64(5), number64(9)]);
  const answer = Buffer.concat([Buffer.from('ASSAYPOD'), numbers, seal.of('answer', first.nonce, numbers)]);
  expect(readAnswer(seal, first.nonce, answer)).toEqual({ has: 5, startedNs: 9n });
  expect(readAnswer(seal, later.nonce, answer)).toBeUndefined();
});
