/** The listener's side of the control socket. */
import { type ClientRequest, request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { AssayError } from '../../contracts/index.ts';
import { errorBodySchema } from '../../sandbox/remote/api.ts';
import { type KeeperRecord, type KeeperSettings, type KeeperState, keeperStateSchema } from './keeper-protocol.ts';

const ATTEND_MS = 5_000;
const ATTENDED_ALREADY = 409;

export class KeeperLink {
  readonly record: KeeperRecord;
  /** Resolves when the keeper is gone, or was left. */
  readonly lost: Promise<void>;
  private readonly attendance: ClientRequest;

  private constructor(record: KeeperRecord, attendance: ClientRequest, lost: Promise<void>) {
    this.record = record;
    this.attendance = attendance;
    this.lost = lost;
  }

  /** Undefined when no keeper answers there. Throws `usage` when it has a listener already. */
  static async attend(record: KeeperRecord): Promise<KeeperLink | undefined> {
    const attendance = httpRequest({ socketPath: record.control, path: '/attend', agent: false });
    const lost = new Promise<void>((resolve) => attendance.once('close', resolve));
    const status = await new Promise<number>((resolve) => {
      const timer = setTimeout(() => attendance.destroy(), ATTEND_MS);
      attendance.on('error', () => {}); // `close` follows
      attendance.once('response', (response) => {
        clearTimeout(timer);
        response.on('error', () => {}).resume();
        resolve(response.statusCode ?? 0);
      });
      void lost.then(() => {
        clearTimeout(timer);
        resolve(0);
      });
      attendance.end();
    });
    if (status === ATTENDED_ALREADY)
      throw new AssayError('usage', 'a server runs already for this Assay home', {
        class: 'input',
        retryable: false,
        hint: 'Stop it first, or give the other one a home of its own with ASSAY_HOME.',
      });
    return status === 0 ? undefined : new KeeperLink(record, attendance, lost);
  }

  /** Throws `internal` when the keeper is gone, like all requests. */
  state(): Promise<KeeperState> {
    return this.ask('GET', '/state');
  }

  configure(settings: KeeperSettings): Promise<KeeperState> {
    return this.ask('PUT', '/settings', settings);
  }

  /** Nothing is started from now on. */
  drain(): Promise<KeeperState> {
    return this.ask('POST', '/drain');
  }

  /** Destroys all sandboxes; resolves when the keeper is gone too. */
  async end(): Promise<void> {
    await this.ask('POST', '/end');
    await this.lost;
  }

  /** Goes away; the keeper holds everything for the next listener. */
  leave(): void {
    this.attendance.destroy();
  }

  private async ask(method: string, path: string, json?: unknown): Promise<KeeperState> {
    const { status, body } = await this.send(method, path, json).catch((cause: unknown) => {
      throw new AssayError('internal', 'the process that holds the sandboxes is gone', { class: 'infra', cause });
    });
    if (status === 200) return keeperStateSchema.parse(JSON.parse(body));
    const { code, message, class: failureClass } = errorBodySchema.parse(JSON.parse(body)).error;
    throw new AssayError(code, message, { class: failureClass });
  }

  private send(method: string, path: string, json: unknown): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const headers = json === undefined ? {} : { 'content-type': 'application/json' };
      const request = httpRequest({ socketPath: this.record.control, method, path, headers, agent: false });
      request.once('error', reject);
      request.once('response', (response) => {
        text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
      });
      request.end(json === undefined ? undefined : JSON.stringify(json));
    });
  }
}
