/** The WebSockets of OpenHands clients, to the servers inside their runtimes. */
import { SESSION_KEY_HEADER } from '../../sandbox/remote/api.ts';
import type { SandboxRegistry } from '../control/sandbox-registry.ts';
import { busy, toProblem } from '../http/http-problem.ts';
import type { ClientSide, WebsocketCall, WebsocketRoute } from '../http/websocket-door.ts';
import { unauthorized } from '../keys/authenticator.ts';
import { acceptWebsocket, closeWebsocket, readFirstMessage } from './first-message.ts';
import { INNER_PORT, RUNTIME_PATH } from './inner-connection.ts';
import { passUpgrade } from './pass-upgrade.ts';

/** Connections that have not said their key yet. */
const MAX_NAMELESS = 256;
const RETRY_SECONDS = 5;
/** The codes that OpenHands' own server and its clients use: 4001 is not tried again. */
const WRONG_KEY = 4001;
const NOTHING_INSIDE = 1014;

export function runtimeSocket(registry: SandboxRegistry): WebsocketRoute {
  let nameless = 0;

  /** Of a client that names it in its first message. An empty key when it does not. */
  const keyInMessage = async (client: ClientSide): Promise<string> => {
    if (nameless >= MAX_NAMELESS) throw busy('too many connections have not said their key', RETRY_SECONDS, 503);
    nameless++;
    try {
      acceptWebsocket(client.request, client.socket);
      client.isAccepted = true;
      const { text, bytes } = await readFirstMessage(client.socket, client.bytes);
      client.bytes = bytes;
      return text === undefined ? '' : keyInText(text);
    } finally {
      nameless--;
    }
  };

  const pass = async ({ client, params, note }: WebsocketCall): Promise<void> => {
    const { id = '', rest = '' } = params;
    const query = client.request.url?.split('?')[1];
    const hosted = registry.findBySessionKey(id, keyOf(client, query) ?? (await keyInMessage(client)));
    if (hosted === undefined) throw unauthorized("the sandbox's session key is needed");
    note(`sandbox ${hosted.id}`);
    const place = { port: INNER_PORT, path: `/${rest}${query === undefined ? '' : `?${query}`}` };
    await hosted.serve(() => hosted.connected(() => passUpgrade(hosted.sandbox, place, client), 'named'));
  };

  return {
    path: RUNTIME_PATH,
    async serve(call) {
      try {
        await pass(call);
      } catch (thrown) {
        const { status, failure } = toProblem(thrown);
        if (call.client.isAccepted)
          closeWebsocket(call.client.socket, status === 401 ? WRONG_KEY : NOTHING_INSIDE, failure.message);
        throw thrown;
      }
    },
  };
}

function keyOf({ request }: ClientSide, query = ''): string | undefined {
  const header = request.headers[SESSION_KEY_HEADER];
  if (typeof header === 'string') return header;
  return new URLSearchParams(query).get('session_api_key') ?? undefined;
}

/** `{"type": "auth", "session_api_key": "..."}` */
function keyInText(text: string): string {
  try {
    const { type, session_api_key: key } = JSON.parse(text) as Record<string, unknown>;
    return type === 'auth' && typeof key === 'string' ? key : '';
  } catch {
    return '';
  }
}
