/** Joins a client's WebSocket with one to a server inside a sandbox. */
import { type IncomingMessage, request as sendRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Sandbox } from '../../contracts/index.ts';
import { refuse } from '../http/http-problem.ts';
import type { ClientSide } from '../http/websocket-door.ts';
import { connectInside } from './inner-connection.ts';
import { type InnerPlace, nothingAnswers } from './pass-on.ts';
import { passedHeaders } from './passed-headers.ts';

interface InnerSide {
  response: IncomingMessage;
  /** What the server has sent after its answer so far. */
  bytes: Buffer;
}

/** The members of an answer that make the connection a WebSocket. */
const OF_HANDSHAKE = /^(upgrade|connection|sec-websocket-.*)$/i;
const NOT_OFFERED_TWICE = new Set(['sec-websocket-extensions', 'sec-websocket-protocol']);

/** Resolves when either side has ended. Throws 502 when nothing answers inside, the status of the server inside when it does not want the WebSocket. */
export async function passUpgrade(sandbox: Sandbox, place: InnerPlace, client: ClientSide): Promise<void> {
  const connection = await connectInside(sandbox, place.port);
  try {
    const { response, bytes } = await upgradeInside(place, client, connection);
    if (!client.isAccepted) client.socket.write(answerOf(response));
    client.socket.write(bytes);
    connection.write(client.bytes);
    await join(client.socket, connection);
  } finally {
    connection.destroy();
  }
}

function upgradeInside(place: InnerPlace, client: ClientSide, connection: Duplex): Promise<InnerSide> {
  const passed = Object.entries(passedHeaders(client.request.headers));
  const headers = Object.fromEntries(
    client.isAccepted ? passed.filter(([name]) => !NOT_OFFERED_TWICE.has(name)) : passed,
  );
  return new Promise((resolve, reject) => {
    const inner = sendRequest({
      path: place.path,
      headers: { ...headers, host: 'localhost', connection: 'Upgrade', upgrade: 'websocket' },
      createConnection: () => connection,
    });
    inner.once('upgrade', (response, _socket, bytes) => resolve({ response, bytes }));
    inner.once('response', ({ statusCode = 502 }) => {
      reject(refuse(statusCode < 400 ? 502 : statusCode, 'the server inside does not open a WebSocket here'));
    });
    inner.once('error', () => reject(nothingAnswers(place)));
    client.socket.once('close', () => reject(nothingAnswers(place)));
    inner.end();
  });
}

/** As the server inside gave it, for a client whose handshake was passed on. */
function answerOf({ rawHeaders }: IncomingMessage): string {
  const lines = ['HTTP/1.1 101 Switching Protocols'];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2);
    if (OF_HANDSHAKE.test(name)) lines.push(`${name}: ${value}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** The first side that ends takes the other one with it, after what it has sent. */
async function join(client: Duplex, inner: Duplex): Promise<void> {
  const ended = (side: Promise<void>) => side.catch(() => {}); // a cut is an end
  await Promise.race([ended(pipeline(client, inner)), ended(pipeline(inner, client))]);
  client.destroy();
}
