import assert from 'node:assert/strict';
import { api, browserTest, eventually } from '/opt/assay/browser-test.mjs';
import './smoke.mjs';

browserTest('the second of two editors is told, and loses nothing', async ({ page, context }) => {
  const other = await context.newPage();
  await page.goto('/invoices/1');
  await other.goto('/invoices/1');
  await other.getByLabel('Note').fill('by the other');
  await other.getByRole('button', { name: 'Save' }).click();
  await other.getByText('Saved invoice').waitFor();
  await page.getByLabel('Note').fill('mine');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('somebody else has changed this invoice').waitFor();
  assert.equal(await page.getByLabel('Note').inputValue(), 'mine');
  assert.equal((await api('GET', '/api/invoices/1')).body.note, 'by the other');
  await page.getByRole('button', { name: 'Load theirs' }).click();
  await eventually(async () => assert.equal(await page.getByLabel('Note').inputValue(), 'by the other'));
  for (const note of ['both', 'both, again']) {
    // The page may draw itself anew after a save, also under what is typed meanwhile: then again.
    await eventually(async () => {
      await page.getByLabel('Note').fill(note);
      await page.getByRole('button', { name: 'Save' }).click();
      const saved = async () => assert.equal((await api('GET', '/api/invoices/1')).body.note, note);
      await eventually(saved, { ms: 1_500 });
    });
  }
});

browserTest('versions grow, and stale ones are refused', async () => {
  const { body } = await api('GET', '/api/invoices/2');
  assert.equal(body.version, 1);
  const change = ({ version, note }) => api('PUT', '/api/invoices/2', { ...body, version, note });
  const answers = await Promise.all([change({ version: 1, note: 'a' }), change({ version: 1, note: 'b' })]);
  assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 409]);
  assert.equal(answers.find((answer) => answer.status === 409).body.error, 'somebody else has changed this invoice');
  assert.equal((await change({ version: undefined, note: 'c' })).status, 400);
  const now = (await api('GET', '/api/invoices/2')).body;
  assert.equal(now.version, 2);
  assert.equal(now.note, answers.find((answer) => answer.status === 200).body.note);
  assert.equal((await change({ version: 2, note: 'd' })).body.version, 3);
});
