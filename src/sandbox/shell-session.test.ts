import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HostSandbox } from '../../test/support/host-sandbox.ts';
import { BashSession } from './shell-session.ts';

let sandbox: HostSandbox;
let shell: BashSession;

beforeEach(() => {
  sandbox = new HostSandbox();
  shell = new BashSession(sandbox, { outputFolder: `${sandbox.root}/output`, timeoutSeconds: 20 });
});

afterEach(async () => {
  await shell.close();
  await sandbox.destroy();
});

const output = async (command: string) => (await shell.run(command)).output;

describe('state that lasts', () => {
  test('directory, variables, functions and background jobs stay from call to call', async () => {
    await shell.run('mkdir -p sub; cd sub; x=1; export Y="a b"; greet() { echo "hi $1"; }; sleep 30 & job=$!');
    expect(await output('pwd; echo "$x $Y"; greet you; kill -0 $job && echo running')).toBe(
      `${sandbox.spec.workdir}/sub\n1 a b\nhi you\nrunning\n`,
    );
  });

  test('exit codes are those of the command', async () => {
    expect((await shell.run('false')).exitCode).toBe(1);
    expect((await shell.run('(exit 42)')).exitCode).toBe(42);
    expect((await shell.run('true')).exitCode).toBe(0);
    expect((await shell.run('no-such-program-here')).exitCode).toBe(127);
  });

  test('stdout and stderr arrive in order', async () => {
    expect(await output('for i in 1 2 3; do echo o$i; echo e$i >&2; done')).toBe('o1\ne1\no2\ne2\no3\ne3\n');
  });

  test('calls made at once run one after the other', async () => {
    const results = await Promise.all(['n=1; sleep 0.1', 'n=$((n+1))', 'echo $n'].map((command) => shell.run(command)));
    expect(results[2]?.output).toBe('2\n');
  });
});

describe('what breaks other shells', () => {
  test.each([
    ['an unterminated single quote', "echo 'abc"],
    ['an unterminated double quote', 'echo "abc'],
    ['an unterminated here-document', 'cat <<EOF\nabc'],
    ['an unterminated brace', 'if true; then { echo a'],
    ['an unterminated substitution', 'echo $(echo a'],
    ['a lone backslash', 'echo a \\'],
    ['a lone break', 'break'],
    ['a lone continue', 'continue 2'],
    ['a lone return', 'return 3'],
    ['redirected output for good', 'exec >/dev/null 2>&1'],
    ['closed output', 'exec 1>&- 2>&-'],
    ['closed input', 'exec 0<&-'],
    ['replaced input', 'exec 0</etc/passwd'],
    ['set -u', 'set -u; echo $nothing_of_this_name'],
    ['a comment at the end', 'echo a # comment'],
    ['a carriage return', 'echo a\r\necho b\r'],
  ])('%s', async (_name, command) => {
    const result = await shell.run(command, { timeoutSeconds: 5 });
    expect(result.status).not.toBe('timeout');
    expect(await shell.run('echo still here')).toMatchObject({ status: 'finished', output: 'still here\n' });
  });

  test('an unterminated quote is an error of the command, the shell and its variables stay', async () => {
    await shell.run('n=5');
    expect(await shell.run('echo "abc')).toMatchObject({ status: 'finished', exitCode: 2 });
    expect(await output('echo $n')).toBe('5\n');
  });

  test('shell options of the session hold for the syntax of later commands', async () => {
    await shell.run('shopt -s extglob; touch keep drop');
    expect(await output('echo !(drop)')).toBe('keep\n');
  });

  test.each([
    'cat',
    'read line; echo "got:$line"',
    'python3 -c "import sys; print(len(sys.stdin.read()))"',
    'ssh-keygen -y',
    'head -1',
  ])('a command that reads stdin finds it empty: %s', async (command) => {
    expect((await shell.run(command, { timeoutSeconds: 5 })).status).toBe('finished');
    expect(await output('echo next')).toBe('next\n');
  });

  test('background processes that hold the pipe do not delay the end', async () => {
    const result = await shell.run('(while :; do sleep 0.2; done) & disown; echo started');
    expect(result).toMatchObject({ status: 'finished', output: 'started\n', exitCode: 0 });
    expect(result.durationMs).toBeLessThan(5_000);
  });

  test('exit ends the shell, says so, and the next one goes on in the same place', async () => {
    await shell.run('mkdir d; cd d; export KEPT="with \'quotes\'"; f() { echo function; }');
    const result = await shell.run('echo before; exit 7; echo after');
    expect(result).toMatchObject({ status: 'shell-exited', exitCode: 7, output: 'before\n' });
    expect(shell.alive).toBe(true);
    expect(await output('pwd; echo "$KEPT"; f')).toBe(`${sandbox.spec.workdir}/d\nwith 'quotes'\nfunction\n`);
  });

  test('set -e ends the command at the failure, not the session', async () => {
    const result = await shell.run('set -e; echo one; false; echo two');
    expect(result).toMatchObject({ status: 'shell-exited', exitCode: 1, output: 'one\n' });
    expect(await output('false; echo alive')).toBe('alive\n');
  });

  test('exec of another program and kill -9 of the shell are survived', async () => {
    expect((await shell.run('exec echo replaced')).output).toBe('replaced\n');
    expect((await shell.run('kill -9 $$')).status).toBe('shell-exited');
    expect(await output('echo again')).toBe('again\n');
  });

  test('a NUL byte in the command is refused, the session goes on', async () => {
    expect((await shell.run('echo a\0b')).exitCode).toBe(2);
    expect(await output('echo ok')).toBe('ok\n');
  });
});

describe('time', () => {
  test('a timeout ends the command and its children; restart gives a fresh shell', async () => {
    const result = await shell.run('echo started; sleep 60 & sleep 60', { timeoutSeconds: 0.5 });
    expect(result).toMatchObject({ status: 'timeout', exitCode: null, output: 'started\n' });
    expect(shell.alive).toBe(false);
    expect((await shell.run('echo no')).status).toBe('shell-exited');
    await shell.restart();
    expect(await output('echo fresh; pwd')).toBe(`fresh\n${sandbox.spec.workdir}\n`);
  });

  test('the end of a shell that was restarted is not taken for the end of the next one’s command', async () => {
    await shell.run('true');
    await shell.restart();
    const result = await shell.run('sleep 0.6; echo done', { timeoutSeconds: 10 });
    expect(result).toMatchObject({ status: 'finished', output: 'done\n' });
  });

  test('an abort rejects with cancelled', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    await expect(shell.run('sleep 60', { signal: controller.signal })).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('output', () => {
  test('invalid UTF-8 becomes U+FFFD and nothing else is lost', async () => {
    expect(await output("printf 'a\\xff\\xfeb\\n'")).toBe('a\ufffd\ufffdb\n');
  });

  test('a code point split across reads stays whole', async () => {
    expect(await output("printf '\\xe2\\x82'; sleep 0.2; printf '\\xac\\n'")).toBe('€\n');
  });

  test('100 MB keep head and tail, say what was cut, and lie whole in a file', async () => {
    const result = await shell.run("echo first; head -c 100000000 /dev/zero | tr '\\0' x; echo; echo last", {
      timeoutSeconds: 60,
    });
    expect(result.status).toBe('finished');
    expect(result.output.startsWith('first\nxxx')).toBe(true);
    expect(result.output.endsWith('xxx\nlast\n')).toBe(true);
    expect(result.outputBytes).toBe(100_000_012);
    expect(result.output).toContain(`${result.cutBytes} bytes cut; the whole output is in ${result.fullOutputPath}`);
    expect(result.output.length).toBeLessThan(30_000);
    expect(readFileSync(result.fullOutputPath ?? '').length).toBe(100_000_012);
  });

  test('cut output never shows half a code point', async () => {
    const result = await shell.run("for i in $(seq 20000); do printf '€'; done");
    expect(result.output).not.toContain('\ufffd');
    expect(result.cutBytes).toBeGreaterThan(0);
  });

  test('text that looks like a mark is only text', async () => {
    expect(await output("printf '\\036abc:1:0\\036 after\\n'")).toBe('\u001eabc:1:0\u001e after\n');
  });
});
