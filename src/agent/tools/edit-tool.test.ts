import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AgentBench } from '../../../test/support/agent-bench.ts';
import { createEditTool } from './edit-tool.ts';
import type { EditToolType } from './edit-tool-spec.ts';

let bench: AgentBench;
beforeEach(() => {
  bench = new AgentBench();
});
afterEach(() => bench.close());

const path = (name: string) => bench.path(name);
const bytes = (name: string) => readFileSync(path(name));

function editor(type: EditToolType = 'text_editor_20250728') {
  const tool = createEditTool(type);
  return async (command: string, name: string, input: Record<string, unknown> = {}) => {
    const options = { workspace: bench.workspace, signal: new AbortController().signal, commandSeconds: 10 };
    const outcome = await tool.run({ command, path: name.startsWith('/') ? name : path(name), ...input }, options);
    const text = outcome.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
    return { ...outcome, text };
  };
}

describe('view', () => {
  test('shows a file as cat -n does, whole or a range, tabs untouched', async () => {
    writeFileSync(path('f.py'), 'a\n\tb\nc\n');
    const edit = editor();
    expect((await edit('view', 'f.py')).text).toBe(
      `Here's the result of running \`cat -n\` on ${path('f.py')}:\n     1\ta\n     2\t\tb\n     3\tc`,
    );
    expect((await edit('view', 'f.py', { view_range: [2, -1] })).text).toMatch(/:\n {5}2\t\tb\n {5}3\tc$/);
    expect((await edit('view', 'f.py', { view_range: [2, 99] })).text).toMatch(/:\n {5}2\t\tb\n {5}3\tc$/);
    writeFileSync(path('empty'), '');
    expect((await edit('view', 'empty')).text).toContain('(the file is empty)');
  });

  test.each([
    [[4, 5], 'Its first element `4` should be within the range of lines of the file: [1, 3]'],
    [[0, 2], 'Its first element `0`'],
    [[2, 1], 'Its second element `1` should be larger or equal than its first `2`'],
    [[2], 'It should be a list of two integers'],
    [[1.5, 2], 'It should be a list of two integers'],
  ])('refuses the range %j', async (range, message) => {
    writeFileSync(path('f'), 'a\nb\nc\n');
    const outcome = await editor()('view', 'f', { view_range: range });
    expect(outcome).toMatchObject({ isError: true, text: expect.stringContaining('Invalid `view_range`') });
    expect(outcome.text).toContain(message);
  });

  test('shows directories two levels deep without hidden entries', async () => {
    mkdirSync(path('d/e/f'), { recursive: true });
    mkdirSync(path('.git'));
    writeFileSync(path('d/x'), '');
    writeFileSync(path('d/e/f/deep'), '');
    const edit = editor();
    expect((await edit('view', 'd/..')).text.split('\n').slice(1)).toHaveLength(4);
    const { text } = await edit('view', bench.workspace.workdir);
    expect(text).toContain('up to 2 levels deep');
    expect(text.split('\n').slice(1)).toEqual([bench.workspace.workdir, ...['d/', 'd/e/', 'd/x'].map(path)]);
    expect((await edit('view', 'd', { view_range: [1, 2] })).text).toContain(
      'not allowed when `path` points to a directory',
    );
  });

  test('cuts a long file at a line and says which lines are shown', async () => {
    writeFileSync(path('long'), `${'x'.repeat(99)}\n`.repeat(2_000));
    const { text, isError } = await editor()('view', 'long');
    expect(isError).toBe(false);
    const [, last = ''] = /<response clipped> Shown: lines 1 to (\d+) of 2000; use `view_range`/.exec(text) ?? [];
    expect(text).toContain(`\n${last.padStart(6)}\t`);
    expect(text).not.toContain(`\n${String(Number(last) + 1).padStart(6)}\t`);
    writeFileSync(path('wide'), '😀'.repeat(100_000));
    expect((await editor()('view', 'wide')).text).toMatch(
      /^[^\ufffd]*<response clipped> Shown: a part of line 1 of 1/u,
    );
  });

  test('refuses what is too large, binary or no file; follows links', async () => {
    writeFileSync(path('bin'), Buffer.from([1, 0, 2]));
    writeFileSync(path('large'), 'a\n'.repeat(600_000));
    writeFileSync(path('huge'), '');
    truncateSync(path('huge'), 10 * 1024 ** 3);
    await bench.workspace.shell.run('mkfifo pipe');
    writeFileSync(path('target'), 'linked\n');
    symlinkSync('target', path('link'));
    symlinkSync('nowhere', path('dangling'));
    const edit = editor();
    for (const [name, message] of [
      ['bin', 'is a binary file (3 bytes)'],
      ['large', 'has 1200000 bytes, too many to view'],
      ['huge', 'has 10737418240 bytes, too many to view'],
      ['pipe', 'is not a regular file or directory'],
      ['/dev/zero', 'is not a regular file'],
      ['dangling', 'does not exist. Please provide a valid path'],
    ] as const)
      expect(await edit('view', name)).toMatchObject({ isError: true, text: expect.stringContaining(message) });
    expect((await edit('view', 'link')).text).toContain('     1\tlinked');
  });

  test('shows images as images, but none that a provider would refuse', async () => {
    const png = Buffer.from(
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
      'base64',
    );
    writeFileSync(path('p.txt'), png);
    const edit = editor();
    const shown = await edit('view', 'p.txt');
    expect(shown.isError).toBe(false);
    expect(shown.content[1]).toEqual({ type: 'image', mediaType: 'image/png', data: png.toString('base64') });
    const wide = Buffer.from(png);
    wide.writeUInt32BE(8_001, 16);
    writeFileSync(path('wide.png'), wide);
    expect(await edit('view', 'wide.png')).toMatchObject({
      isError: true,
      text: expect.stringContaining('8001 x 1 pixels'),
    });
    writeFileSync(path('cut.png'), png.subarray(0, 20));
    expect(await edit('view', 'cut.png')).toMatchObject({ isError: true, text: expect.stringContaining('damaged') });
    writeFileSync(path('heavy.png'), Buffer.concat([png, Buffer.alloc(4 * 1024 ** 2)]));
    expect(await edit('view', 'heavy.png')).toMatchObject({
      isError: true,
      text: expect.stringContaining('too many to view'),
    });
  });
});

describe('create', () => {
  test('writes exactly the text, makes parents, never overwrites', async () => {
    const edit = editor();
    const text = 'a\r\n\tb é 😀 $& no newline at the end';
    expect((await edit('create', 'new/dir/x', { file_text: text })).text).toContain('created successfully');
    expect(bytes('new/dir/x').toString()).toBe(text);
    expect(await edit('create', 'new/dir/x', { file_text: 'other' })).toMatchObject({
      isError: true,
      text: expect.stringContaining('Cannot overwrite files using command `create`'),
    });
    expect(await edit('create', 'new', { file_text: 'other' })).toMatchObject({ isError: true });
    expect(await edit('create', 'new/dir/x/y', { file_text: 'other' })).toMatchObject({
      isError: true,
      text: expect.stringMatching(/cannot write .*new\/dir\/x\/y/),
    });
    expect(bytes('new/dir/x').toString()).toBe(text);
    expect((await edit('create', 'none', { file_text: '' })).isError).toBe(false);
    expect(bytes('none')).toHaveLength(0);
  });

  test('refuses a text that is too large or has no UTF-8 form', async () => {
    const edit = editor();
    expect((await edit('create', 'x', { file_text: 'x'.repeat(1024 ** 2 + 1) })).text).toContain('at most 1048576');
    expect((await edit('create', 'x', { file_text: '\ud83d' })).text).toContain('surrogate');
    expect(await bench.workspace.files.stat(path('x'))).toBeNull();
  });
});

describe('edits', () => {
  test('every byte outside of a replacement stays, through the real file system', async () => {
    const edit = editor();
    const noise = fc.uint8Array({ maxLength: 40 }).map((values) => Buffer.from(values.map((value) => value || 9)));
    await fc.assert(
      fc.asyncProperty(
        noise,
        noise,
        fc.constantFrom('new', '', '$& $1', 'ünï', 'a\tb'),
        async (before, after, replacement) => {
          writeFileSync(path('f'), Buffer.concat([before, Buffer.from('«old»'), after]));
          expect((await edit('str_replace', 'f', { old_str: '«old»', new_str: replacement })).isError).toBe(false);
          expect(bytes('f')).toEqual(Buffer.concat([before, Buffer.from(replacement), after]));
        },
      ),
      { numRuns: 40 },
    );
  });

  test('shows a snippet around the change and keeps the mode', async () => {
    writeFileSync(path('run.sh'), Array.from({ length: 30 }, (_, index) => `line ${index + 1}\n`).join(''));
    chmodSync(path('run.sh'), 0o755);
    const { text } = await editor()('str_replace', 'run.sh', { old_str: 'line 15\n', new_str: 'one\ntwo\n' });
    expect(text).toContain('has been edited');
    expect(text).toContain('    11\tline 11\n');
    expect(text).toContain('    15\tone\n    16\ttwo\n    17\tline 16');
    expect(text).not.toContain('line 10');
    expect(text).toContain('Review the changes');
    expect(statSync(path('run.sh')).mode & 0o777).toBe(0o755);
  });

  test('an absent new_str deletes; insert takes insert_text and new_str', async () => {
    writeFileSync(path('f'), 'a\nb\n');
    const edit = editor();
    await edit('str_replace', 'f', { old_str: 'b\n', new_str: null });
    await edit('insert', 'f', { insert_line: 1, insert_text: 'x' });
    await edit('insert', 'f', { insert_line: 0, new_str: 'top' });
    expect(bytes('f').toString()).toBe('top\na\nx\n');
  });

  test('edits through a link change its target', async () => {
    writeFileSync(path('target'), 'old\n');
    symlinkSync('target', path('link'));
    expect((await editor()('str_replace', 'link', { old_str: 'old', new_str: 'new' })).isError).toBe(false);
    expect(bytes('target').toString()).toBe('new\n');
    expect(lstatSync(path('link')).isSymbolicLink()).toBe(true);
  });

  test('refused edits leave the file alone', async () => {
    writeFileSync(path('f'), 'one\ntwo\none\n');
    writeFileSync(path('bin'), Buffer.from('a\0b'));
    writeFileSync(path('large'), 'x'.repeat(1024 ** 2 + 1));
    mkdirSync(path('d'));
    await bench.workspace.shell.run('mkfifo pipe');
    const edit = editor();
    for (const [name, command, input, message] of [
      [
        'f',
        'str_replace',
        { old_str: 'one' },
        'Multiple occurrences of old_str `one` in lines [1, 3]. Please ensure it is unique',
      ],
      ['f', 'str_replace', { old_str: 'three' }, `did not appear verbatim in ${path('f')}`],
      ['f', 'str_replace', { old_str: 'two', new_str: 'two' }, 'old_str and new_str are equal'],
      ['f', 'str_replace', { old_str: 'two', new_str: '\udc00' }, 'surrogate'],
      ['f', 'str_replace', {}, 'Parameter `old_str` is required for command: str_replace'],
      ['f', 'insert', { insert_line: 4, insert_text: 'x' }, 'within the range of lines of the file: [0, 3]'],
      ['f', 'insert', { insert_text: 'x' }, 'Parameter `insert_line` is required'],
      ['f', 'insert', { insert_line: 1 }, 'Parameter `insert_text` is required'],
      ['f', 'create', {}, 'Parameter `file_text` is required for command: create'],
      [
        'f',
        'undo_edit',
        {},
        'Unrecognized command undo_edit. The allowed commands are: view, create, str_replace, insert.',
      ],
      ['f', 'rename', {}, 'Unrecognized command rename'],
      ['bin', 'insert', { insert_line: 0, insert_text: 'x' }, 'is a binary file'],
      ['large', 'str_replace', { old_str: 'x' }, 'has 1048577 bytes'],
      ['d', 'str_replace', { old_str: 'x' }, 'is a directory and only the `view` command can be used'],
      ['pipe', 'str_replace', { old_str: 'x' }, 'is not a regular file.'],
      ['pipe', 'create', { file_text: 'x' }, 'File already exists at'],
      ['none', 'insert', { insert_line: 0, insert_text: 'x' }, 'does not exist. Please provide a valid path'],
    ] as const) {
      const outcome = await edit(command, name, input);
      expect(outcome).toMatchObject({ isError: true, text: expect.stringContaining(message) });
    }
    expect(bytes('f').toString()).toBe('one\ntwo\none\n');
    expect(bytes('bin').toString()).toBe('a\0b');
  });

  test('relative paths are refused with the path that may be meant', async () => {
    const tool = createEditTool('text_editor_20250728');
    const options = { workspace: bench.workspace, signal: new AbortController().signal, commandSeconds: 10 };
    const text = async (relative: string) =>
      JSON.stringify((await tool.run({ command: 'view', path: relative }, options)).content);
    expect(await text('./src/../f.py')).toContain(`should start with \`/\`. Maybe you meant ${path('f.py')}?`);
    expect(await text('~/f')).not.toContain('Maybe');
  });
});

describe('undo_edit', () => {
  test('takes the last ten edits of a file back, then says there are none; creation is not undone', async () => {
    const edit = editor('text_editor_20241022');
    await edit('create', 'f', { file_text: '0\n' });
    expect((await edit('undo_edit', 'f')).text).toContain('No edit history found');
    for (let value = 0; value < 12; value++)
      await edit('str_replace', 'f', { old_str: `${value}\n`, new_str: `${value + 1}\n` });
    for (let value = 11; value >= 2; value--) {
      expect((await edit('undo_edit', 'f')).text).toContain('undone successfully');
      expect(bytes('f').toString()).toBe(`${value}\n`);
    }
    expect(await edit('undo_edit', 'f')).toMatchObject({ isError: true });
    expect(bytes('f').toString()).toBe('2\n');
  });

  test('does not undo over a change that something else made, and puts odd bytes back as they were', async () => {
    const edit = editor('text_editor_20250124');
    const odd = Buffer.from([0xef, 0xbb, 0xbf, 0x61, 0xff, 0x0d, 0x62]);
    writeFileSync(path('f'), odd);
    await edit('str_replace', 'f', { old_str: 'a', new_str: 'x' });
    const edited = bytes('f');
    writeFileSync(path('f'), 'something else');
    expect(await edit('undo_edit', 'f')).toMatchObject({
      isError: true,
      text: expect.stringContaining('changed by something else'),
    });
    writeFileSync(path('f'), edited);
    await edit('undo_edit', 'f');
    expect(bytes('f')).toEqual(odd);
  });
});
