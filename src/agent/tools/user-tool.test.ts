import { expect, test } from 'vitest';
import { AssayError, type FailureCode, type UserTool, type Workspace } from '../../contracts/index.ts';
import { createUserTool } from './user-tool.ts';

const options = { workspace: {} as Workspace, signal: new AbortController().signal, commandSeconds: 1 };
const failing = (code: FailureCode): UserTool => ({
  visits: 0,
  visit: async () => {
    throw new AssayError(code, 'no more', { class: 'limit' });
  },
});

test('what the user says comes first, then the screenshots as images', async () => {
  const shot = { name: '01.png', mediaType: 'image/png', data: Buffer.from('png') };
  const tool = createUserTool({ visits: 1, visit: async () => ({ log: 'saw it', screenshots: [shot] }) });
  expect(await tool.run({}, options)).toEqual({
    content: [
      { type: 'text', text: 'saw it' },
      { type: 'image', mediaType: 'image/png', data: 'cG5n' },
    ],
    isError: false,
  });
});

test('a spent budget is an answer, everything else ends the attempt', async () => {
  expect(await createUserTool(failing('limit-steps')).run({}, options)).toMatchObject({
    isError: true,
    content: [{ text: 'no more' }],
  });
  await expect(createUserTool(failing('sandbox-died')).run({}, options)).rejects.toMatchObject({
    code: 'sandbox-died',
  });
});
