/** Packets of a session with an agent: kind (1 byte), length (4, little endian), payload, seal; see `container-agent/link.h`. */
import { SEAL_BYTES, type SessionSeal } from './session-seal.ts';

export const PACKET = { data: 0, received: 1, ask: 2 } as const;

const HEADER = 5;
export const MAX_PAYLOAD = 64 * 1024;

export interface Packet {
  kind: number;
  payload: Buffer;
}

/** `place`: of the first byte of data in the session. */
export function encodeData(seal: SessionSeal, place: number, payload: Uint8Array): Buffer {
  return encodePacket(seal, PACKET.data, place, payload);
}

/** How many bytes of the session have come so far. */
export function encodeReceived(seal: SessionSeal, count: number): Buffer {
  return encodePacket(seal, PACKET.received, 0, number64(count));
}

export function encodeAsk(seal: SessionSeal): Buffer {
  return encodePacket(seal, PACKET.ask, 0, Buffer.alloc(0));
}

export function number64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function encodePacket(seal: SessionSeal, kind: number, place: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt8(kind, 0);
  header.writeUInt32LE(payload.length, 1);
  return Buffer.concat([header, payload, seal.of('from-controller', number64(place), header, payload)]);
}

/** Cuts the bytes of one connection into packets. */
export class PacketReader {
  private readonly seal: SessionSeal;
  /** In the session, of the next byte of data. */
  private place: number;
  private rest: Buffer = Buffer.alloc(0);

  constructor(seal: SessionSeal, place: number) {
    this.seal = seal;
    this.place = place;
  }

  /** All packets that are complete now. Throws a `RangeError` at the first that its agent did not send. */
  push(bytes: Buffer): Packet[] {
    this.rest = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes]);
    const packets: Packet[] = [];
    for (let packet = this.next(); packet !== undefined; packet = this.next()) packets.push(packet);
    return packets;
  }

  private next(): Packet | undefined {
    if (this.rest.length < HEADER) return undefined;
    const length = this.rest.readUInt32LE(1);
    if (length > MAX_PAYLOAD) throw new RangeError('its agent did not send what came over its connection');
    const end = HEADER + length + SEAL_BYTES;
    if (this.rest.length < end) return undefined;
    const [header, payload] = [this.rest.subarray(0, HEADER), this.rest.subarray(HEADER, HEADER + length)];
    const kind = header.readUInt8(0);
    const place = number64(kind === PACKET.data ? this.place : 0);
    if (!this.seal.isRight(this.rest.subarray(HEADER + length, end), 'from-sandbox', place, header, payload)) {
      throw new RangeError('its agent did not send what came over its connection');
    }
    if (kind === PACKET.data) this.place += length;
    this.rest = this.rest.subarray(end);
    return { kind, payload };
  }
}
