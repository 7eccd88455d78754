/** Packets of a session with an agent: kind (1 byte), length (4, little endian), payload; see `container-agent/link.h`. */
export const PACKET = { data: 0, received: 1, ask: 2 } as const;

const HEADER = 5;
/** The agent sends at most 64 KiB. */
const MAX_PAYLOAD = 1024 ** 2;

export interface Packet {
  kind: number;
  payload: Buffer;
}

export function encodePacket(kind: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const packet = Buffer.alloc(HEADER + payload.length);
  packet.writeUInt8(kind, 0);
  packet.writeUInt32LE(payload.length, 1);
  packet.set(payload, HEADER);
  return packet;
}

/** How many bytes of the session have come so far. */
export function encodeReceived(count: number): Buffer {
  const payload = Buffer.alloc(8);
  payload.writeBigUInt64LE(BigInt(count));
  return encodePacket(PACKET.received, payload);
}

/** Cuts the bytes of one connection into packets. */
export class PacketReader {
  private rest: Buffer = Buffer.alloc(0);

  /** All packets that are complete now. Throws a `RangeError` when the bytes cannot be packets. */
  push(bytes: Buffer): Packet[] {
    this.rest = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes]);
    const packets: Packet[] = [];
    while (this.rest.length >= HEADER) {
      const length = this.rest.readUInt32LE(1);
      if (length > MAX_PAYLOAD) throw new RangeError(`its agent sent a packet of ${length} bytes`);
      if (this.rest.length < HEADER + length) break;
      packets.push({ kind: this.rest.readUInt8(0), payload: this.rest.subarray(HEADER, HEADER + length) });
      this.rest = this.rest.subarray(HEADER + length);
    }
    return packets;
  }
}
