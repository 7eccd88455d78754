/** The keeper's side of the control socket. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { toProblem } from '../http/http-problem.ts';
import { readJson } from '../http/read-body.ts';
import { type KeeperSettings, type KeeperState, keeperSettingsSchema } from './keeper-protocol.ts';

export interface ControlHandler {
  state(): KeeperState;
  configure(settings: KeeperSettings): void;
  drain(): void;
  /** Resolves when no sandbox lives. */
  end(): Promise<void>;
  attended(): void;
  unattended(): void;
}

export interface ControlServer {
  readonly http: Server;
  /** A listener is there. */
  readonly isAttended: boolean;
  /** It was told to end, and has answered. */
  readonly isOver: boolean;
}

export function createControlServer(handler: ControlHandler): ControlServer {
  let isAttended = false;
  let isOver = false;

  const attend = (request: IncomingMessage, response: ServerResponse) => {
    if (isAttended) {
      response.writeHead(409).end();
      return;
    }
    isAttended = true;
    handler.attended();
    request.socket.once('close', () => {
      isAttended = false;
      handler.unattended();
    });
    response.writeHead(200).flushHeaders();
  };

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const asked = `${request.method} ${request.url}`;
    if (asked === 'GET /attend') return attend(request, response);
    if (asked === 'PUT /settings') handler.configure(await readJson(request, keeperSettingsSchema));
    else if (asked === 'POST /drain') handler.drain();
    else if (asked === 'POST /end') {
      await handler.end();
      response.once('close', () => {
        isOver = true;
      });
    } else if (asked !== 'GET /state') {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json', connection: 'close' });
    response.end(JSON.stringify(handler.state()));
  };

  const http = createServer({ requestTimeout: 0 }, (request, response) => {
    response.on('error', () => {}); // the listener went away; what it asked for goes on
    answer(request, response).catch((error: unknown) => {
      const { status, failure } = toProblem(error);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: failure }));
    });
  });
  http.timeout = 0;
  return {
    http,
    get isAttended() {
      return isAttended;
    },
    get isOver() {
      return isOver;
    },
  };
}
