/** The real agent and its relay in a pid namespace, the real session on this side, and connections that are cut at bad moments. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { AgentConnection } from '../../src/sandbox/docker/agent-connection.ts';
import { SessionStream } from '../../src/sandbox/kubernetes/session-stream.ts';
import { seccompFilter } from '../../src/sandbox/native/seccomp-filter.ts';
import { compiledAgent, hostArch } from '../support/compiler.ts';
import { describeRequiring } from '../support/requirements.ts';

const NAMESPACES = ['--user', '--map-root-user', '--pid', '--fork', '--mount-proc', '--net', '--kill-child'];
const SESSION = 'test-agent';
const ENV = { PATH: '/usr/bin:/bin' };

const home = mkdtempSync(join(tmpdir(), 'assay-agent-session-'));
const compiled = await compiledAgent(home);
const agent = join(home, 'agent');
afterAll(() => rmSync(home, { recursive: true, force: true }));

describeRequiring('user-namespaces', compiled.problem ?? namespaceProblem(), 'a session with the agent', () => {
  if (compiled.problem !== undefined) return;
  const open: (() => void)[] = [];

  beforeAll(() => {
    writeFileSync(agent, compiled.agent, { mode: 0o755 });
    writeFileSync(join(home, 'filter'), seccompFilter(hostArch));
  });
  afterEach(() => {
    for (const close of open.splice(0)) close();
  });

  /** An agent as first process of namespaces of its own. */
  async function startAgent(orphanSeconds = 60, fileBytes = 1_000_000_000) {
    const argv = [...NAMESPACES, agent, join(home, 'filter'), SESSION, String(orphanSeconds), String(fileBytes)];
    const holder = spawn('unshare', argv, { stdio: ['ignore', 'ignore', 'inherit'] });
    open.push(() => holder.kill('SIGKILL'));
    const pid = await until(() => readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8').trim());
    return { holder, pid };
  }

  function startRelay(pid: string): ChildProcess {
    const inside = ['--preserve-credentials', '-U', '-p', '-n', '-t', pid];
    return spawn('nsenter', [...inside, agent, 'relay', SESSION], { stdio: ['pipe', 'pipe', 'ignore'] });
  }

  /** `thief`: holds the pipes of the relays. */
  function openSession(pid: string, { patienceMs = 10_000, thief = {} as Thief } = {}) {
    const relays: ChildProcess[] = [];
    const session = new SessionStream({
      patienceMs,
      async connect(onBytes) {
        const relay = startRelay(pid);
        const number = relays.push(relay);
        relay.stdin?.on('error', () => {});
        relay.stdout?.on('data', (bytes: Buffer) => onBytes(thief.fromSandbox?.(bytes, number) ?? bytes));
        const ended = new Promise<string>((resolve) => relay.on('close', (code) => resolve(`relay: ${code}`)));
        const send = (bytes: Buffer) => void relay.stdin?.write(thief.toSandbox?.(bytes, number) ?? bytes);
        return { send, close: () => relay.kill('SIGKILL'), ended };
      },
    });
    open.push(() => session.destroy());
    return { session, connection: new AgentConnection(session), cut: () => relays.at(-1)?.kill('SIGKILL') };
  }

  const run = async (connection: AgentConnection, script: string, input = '') => {
    const child = await connection.spawn({ argv: ['bash', '-c', script], cwd: '/tmp', env: ENV, merge: true });
    child.stdin.end(input);
    const [output, exit] = await Promise.all([text(child.stdout), child.exit]);
    return { output, code: exit.code };
  };

  test('programs run, and the first answer tells the clock of the sandbox', async () => {
    const { session, connection } = openSession((await startAgent()).pid);
    await connection.hello();
    const lag = Math.abs(Number((await session.started) / 1_000_000n) - Date.now());
    expect(lag).toBeLessThan(60_000);
    expect(await run(connection, 'cat; exit 3', 'in')).toEqual({ output: 'in', code: 3 });
  });

  test('60 commands have their effect once while connections are cut', async () => {
    const { session, connection, cut } = openSession((await startAgent()).pid);
    await connection.hello();
    const file = join(home, 'effects');
    const codes: (number | null)[] = [];
    for (let n = 0; n < 60; n++) {
      const running = run(connection, `echo ${n} >> ${file}; exit ${n}`);
      if (n % 4 === 0) cut();
      codes.push((await running).code);
    }
    expect(codes).toEqual(Array.from({ length: 60 }, (_, n) => n));
    expect(readFileSync(file, 'utf8')).toBe(Array.from({ length: 60 }, (_, n) => `${n}\n`).join(''));
    expect(session.cuts).toBeGreaterThanOrEqual(10);
  }, 60_000);

  test('4 MB each way arrive whole over connections that are cut', async () => {
    const { session, connection, cut } = openSession((await startAgent()).pid);
    await connection.hello();
    const child = await connection.spawn({ argv: ['cat'], cwd: '/', env: ENV, merge: false });
    const input = Buffer.from(Array.from({ length: 4_000_000 }, (_, n) => (n * 31) % 251));
    child.stdin.end(input);
    const chunks: Buffer[] = [];
    let [arrived, nextCut] = [0, 500_000];
    for await (const chunk of child.stdout) {
      chunks.push(chunk as Buffer);
      arrived += (chunk as Buffer).length;
      if (arrived < nextCut) continue;
      nextCut += 500_000;
      cut();
    }
    expect(Buffer.concat(chunks).equals(input)).toBe(true);
    expect(session.cuts).toBeGreaterThan(1);
  }, 60_000);

  test('a second controller without the secret is not let in, and the first goes on', async () => {
    const { pid } = await startAgent();
    const { connection } = openSession(pid);
    await connection.hello();
    const stranger = openSession(pid, { patienceMs: 1_500 });
    await expect(stranger.connection.hello()).rejects.toThrow('silent');
    expect(await run(connection, 'echo still mine')).toMatchObject({ output: 'still mine\n' });
  });

  test('who holds the pipes of a relay can neither forge output nor commands, only cut the connection', async () => {
    const thief: Thief = {
      fromSandbox: (bytes, number) => (number === 1 ? replaced(bytes, 'right', 'wrong') : bytes),
      toSandbox: (bytes, number) => (number === 2 ? replaced(bytes, 'good', 'evil') : bytes),
    };
    const { session, connection } = openSession((await startAgent()).pid, { thief });
    await connection.hello();
    expect((await run(connection, 'echo r""ight')).output).toBe('right\n');
    expect(session.cuts).toBe(1);
    expect(await run(connection, 'echo good; exit 4')).toEqual({ output: 'good\n', code: 4 });
    expect(session.cuts).toBe(2);
  });

  test('what was heard once over a relay cannot be said again by another', async () => {
    const heard: Buffer[] = [];
    const thief: Thief = { toSandbox: (bytes) => heard[heard.push(bytes) - 1] };
    const { pid } = await startAgent();
    const { connection, cut } = openSession(pid, { thief });
    await connection.hello();
    expect(heard[0]?.subarray(8, 40).equals(Buffer.alloc(32))).toBe(false); // the key, before any program runs
    heard.length = 0;
    cut();
    await expect.poll(() => heard.length).toBeGreaterThan(0);
    const file = join(home, 'once');
    await run(connection, `echo x >> ${file}`);
    expect(heard[0]?.subarray(8, 40).equals(Buffer.alloc(32))).toBe(true);
    const stranger = startRelay(pid);
    stranger.stdin?.end(Buffer.concat(heard));
    await new Promise((resolve) => stranger.on('close', resolve));
    expect((await run(connection, `cat ${file}`)).output).toBe('x\n');
  });

  test('noise in the place of packets is no sign of life', async () => {
    const thief: Thief = { fromSandbox: (bytes, number) => (number === 1 ? bytes : Buffer.alloc(64, 7)) };
    const { connection, cut } = openSession((await startAgent()).pid, { patienceMs: 1_000, thief });
    await connection.hello();
    cut();
    expect(await connection.ended).toMatch(/silent for 1 s: its agent did not give the answer/);
  });

  test('programs inside cannot take the place of the agent or speak in the place of the controller', async () => {
    const { connection } = openSession((await startAgent()).pid);
    await connection.hello();
    const python = `
import socket
name = '\\0${SESSION}'
try:
    socket.socket(socket.AF_UNIX).bind(name)
except OSError as error:
    print('bind', error.errno)
guest = socket.socket(socket.AF_UNIX)
guest.connect(name)
guest.send(b'ASSAYPOD' + bytes(72))
print('told', guest.recv(40))`;
    const script = `python3 -c "$SCRIPT"`;
    const child = await connection.spawn({
      argv: ['bash', '-c', script],
      cwd: '/',
      env: { ...ENV, SCRIPT: python },
      merge: true,
    });
    expect(await text(child.stdout)).toBe("bind 98\ntold b''\n");
  });

  test('an agent that nobody reaches ends itself and all that runs', async () => {
    const { holder, pid } = await startAgent(2);
    const { session, connection } = openSession(pid);
    await connection.hello();
    await connection.spawn({ argv: ['sleep', '1000'], cwd: '/', env: ENV, merge: false });
    const gone = new Promise<number | null>((resolve) => holder.on('exit', resolve));
    session.destroy();
    expect(await gone).toBe(0);
  }, 20_000);

  test('no file grows beyond the limit, and killing everything inside leaves the agent', async () => {
    const { connection } = openSession((await startAgent(60, 1_000_000)).pid);
    await connection.hello();
    const file = join(home, 'big');
    expect((await run(connection, `head -c 5000000 /dev/zero > ${file}; stat -c %s ${file}`)).output).toContain(
      '1000000',
    );
    expect((await run(connection, 'kill -9 -1')).code).toBeNull();
    expect(await run(connection, 'kill -TERM 1; sleep 0.2; echo on')).toMatchObject({ output: 'on\n' });
  });
});

interface Thief {
  /** What arrives in the place of these bytes over the relay of this number. */
  fromSandbox?(bytes: Buffer, number: number): Buffer | undefined;
  toSandbox?(bytes: Buffer, number: number): Buffer | undefined;
}

function replaced(bytes: Buffer, from: string, to: string): Buffer {
  return Buffer.from(bytes.toString('latin1').replaceAll(from, to), 'latin1');
}

function namespaceProblem(): string | undefined {
  const result = spawnSync('unshare', [...NAMESPACES, 'true'], { encoding: 'utf8' });
  if (result.error !== undefined) return result.error.message;
  return result.status === 0 ? undefined : result.stderr.trim() || `unshare ended with ${result.status}`;
}

async function until(look: () => string): Promise<string> {
  for (let tries = 0; tries < 100; tries++) {
    const found = look();
    if (found !== '') return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('it did not come true within 2 s');
}
