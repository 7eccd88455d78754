import assert from 'node:assert/strict';
import { api, browserTest, eventually } from '/opt/assay/browser-test.mjs';
import './smoke.mjs';

browserTest('undo brings back the client and the invoices', async ({ page }) => {
  const before = (await api('GET', '/api/invoices')).body;
  const clients = (await api('GET', '/api/clients')).body;
  await page.goto('/clients');
  await page.getByRole('row', { name: /Harbour Bakery/ }).getByRole('button', { name: 'Delete' }).click();
  await page.getByText('Deleted Harbour Bakery').waitFor();
  await eventually(async () => assert.equal(await page.getByRole('row', { name: /Harbour Bakery/ }).count(), 0));
  assert.ok((await api('GET', '/api/invoices')).body.every((invoice) => invoice.clientId !== 1));
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('row', { name: /Harbour Bakery/ }).waitFor();
  assert.equal(await page.locator('tbody tr td:first-child').first().textContent(), 'Harbour Bakery');
  assert.deepEqual((await api('GET', '/api/clients')).body, clients);
  const byId = (list) => [...list].sort((a, b) => a.id - b.id);
  assert.deepEqual(byId((await api('GET', '/api/invoices')).body), byId(before));
});

browserTest('there is nothing to restore twice', async () => {
  const { body } = await api('POST', '/api/clients', { name: 'Gone' });
  assert.equal((await api('POST', `/api/clients/${body.id}/restore`)).status, 404);
  assert.equal((await api('DELETE', `/api/clients/${body.id}`)).status, 204);
  const restored = await api('POST', `/api/clients/${body.id}/restore`);
  assert.deepEqual([restored.status, restored.body], [200, body]);
  assert.equal((await api('POST', `/api/clients/${body.id}/restore`)).status, 404);
  assert.equal((await api('POST', '/api/clients/999/restore')).status, 404);
});
