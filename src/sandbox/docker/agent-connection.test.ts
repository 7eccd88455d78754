import { Duplex } from 'node:stream';
import { beforeEach, expect, test } from 'vitest';
import { AgentConnection } from './agent-connection.ts';
import { encodeFrame, FROM_AGENT, type Frame, FrameReader, TO_AGENT, WINDOW } from './agent-protocol.ts';

/** The other end of a connection, played by the test. */
class ScriptedAgent {
  readonly frames: Frame[] = [];
  readonly stream: Duplex;
  private readonly reader = new FrameReader();

  constructor() {
    this.stream = new Duplex({
      read() {},
      write: (chunk: Buffer, _encoding, done) => {
        this.frames.push(...this.reader.push(chunk));
        done();
      },
    });
  }

  send(type: number, channel: number, payload: Uint8Array = Buffer.alloc(0)): void {
    this.stream.push(encodeFrame(type, channel, payload));
  }

  /** Frames of a type received so far. */
  of(type: number): Frame[] {
    return this.frames.filter((frame) => frame.type === type);
  }
}

let agent: ScriptedAgent;
let connection: AgentConnection;
beforeEach(() => {
  agent = new ScriptedAgent();
  connection = new AgentConnection(agent.stream);
});

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
const request = { argv: ['cat'], cwd: '/', env: { A: '1' }, merge: false };

async function started() {
  const spawning = connection.spawn(request);
  agent.send(FROM_AGENT.started, 1);
  return spawning;
}

test('hello of the right version is awaited; another version, or an end before it, is refused', async () => {
  agent.send(FROM_AGENT.hello, 0, Buffer.from([1, 0, 0, 0]));
  await connection.hello();
  const other = new ScriptedAgent();
  const wrong = new AgentConnection(other.stream);
  other.send(FROM_AGENT.hello, 0, Buffer.from([9, 0, 0, 0]));
  await expect(wrong.hello()).rejects.toThrow('version 9');
  const gone = new ScriptedAgent();
  const ended = new AgentConnection(gone.stream);
  gone.stream.destroy();
  await expect(ended.hello()).rejects.toThrow('closed');
});

test('a process: words, output, exit by code and by signal', async () => {
  const child = await started();
  expect(agent.of(TO_AGENT.spawn)[0]?.payload.subarray(9).toString()).toBe('/\0cat\0A=1\0');
  agent.send(FROM_AGENT.stdout, 1, Buffer.from('out'));
  agent.send(FROM_AGENT.stderr, 1, Buffer.from('err'));
  agent.send(FROM_AGENT.exited, 1, Buffer.from([0, 7]));
  agent.send(FROM_AGENT.outputEnd, 1, Buffer.from([0]));
  agent.send(FROM_AGENT.outputEnd, 1, Buffer.from([1]));
  expect(Buffer.concat(await child.stdout.toArray()).toString()).toBe('out');
  expect(Buffer.concat(await child.stderr.toArray()).toString()).toBe('err');
  expect(await child.exit).toEqual({ code: 7, signal: null, sandboxDied: false });
  const killing = connection.spawn(request);
  agent.send(FROM_AGENT.started, 2);
  const killed = await killing;
  agent.send(FROM_AGENT.exited, 2, Buffer.from([1, 9]));
  expect(await killed.exit).toEqual({ code: null, signal: 'SIGKILL', sandboxDied: false });
});

test('what cannot be started says why; NUL bytes are caught here', async () => {
  const spawning = connection.spawn(request);
  agent.send(FROM_AGENT.failed, 1, Buffer.from('the program: No such file or directory'));
  await expect(spawning).rejects.toMatchObject({
    code: 'sandbox-spawn-failed',
    message: expect.stringContaining('No such file'),
  });
  await expect(connection.spawn({ ...request, argv: ['a\0b'] })).rejects.toMatchObject({
    code: 'sandbox-spawn-failed',
  });
});

test('output is granted anew only as it is read', async () => {
  const child = await started();
  for (let sent = 0; sent < WINDOW; sent += 64 * 1024) agent.send(FROM_AGENT.stdout, 1, Buffer.alloc(64 * 1024));
  await turn();
  expect(granted()).toBe(0); // nobody reads yet
  let read = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    read += chunk.length;
  });
  await turn();
  expect([read, granted()]).toEqual([WINDOW, WINDOW]);
  child.stdout.destroy();
  await turn();
  expect(agent.of(TO_AGENT.drop).map(({ payload }) => payload[0])).toEqual([0]);
});

const granted = () => agent.of(TO_AGENT.credit).reduce((sum, { payload }) => sum + payload.readUInt32LE(1), 0);

test('input stops at the window until the process takes it; after the process gave it up, writes are swallowed', async () => {
  const child = await started();
  const sent = () => agent.of(TO_AGENT.stdin).reduce((sum, { payload }) => sum + payload.length, 0);
  child.stdin.write(Buffer.alloc(WINDOW + 1000));
  await turn();
  expect(sent()).toBe(WINDOW);
  agent.send(FROM_AGENT.stdinCredit, 1, Buffer.from([0, 16, 0, 0]));
  await turn();
  expect(sent()).toBe(WINDOW + 1000);
  agent.send(FROM_AGENT.stdinGone, 1);
  await turn();
  await new Promise<void>((resolve) => child.stdin.end(Buffer.alloc(2 * WINDOW), resolve));
  expect(sent()).toBe(WINDOW + 1000);
});

test('when the connection breaks, processes die, waiting calls end, later ones are refused', async () => {
  const child = await started();
  const starting = connection.spawn(request);
  const killing = connection.killAll();
  agent.stream.destroy();
  expect(await child.exit).toEqual({ code: null, signal: null, sandboxDied: true });
  expect(await child.stdout.toArray()).toEqual([]);
  await expect(starting).rejects.toMatchObject({ code: 'sandbox-died' });
  await killing;
  expect(await connection.ended).toContain('closed');
  await expect(connection.spawn(request)).rejects.toMatchObject({ code: 'sandbox-died' });
});

test('bytes that are no frames end the connection', async () => {
  agent.stream.push(Buffer.alloc(9, 0xff));
  expect(await connection.ended).toContain('no frame');
});
