import assert from 'node:assert/strict';
import { api, browserTest } from '/opt/assay/browser-test.mjs';
import './smoke.mjs';

browserTest('a name of blanks is refused with the same message', async ({ page }) => {
  await page.goto('/clients');
  await page.getByRole('cell', { name: 'Harbour Bakery' }).waitFor();
  const before = await page.locator('tbody tr').count();
  await page.getByLabel('Name').fill('   ');
  await page.getByRole('button', { name: 'Add client' }).click();
  await page.getByText('a client needs a name').waitFor();
  assert.equal(await page.locator('tbody tr').count(), before);
  assert.equal((await api('POST', '/api/clients', { name: '\t ' })).status, 400);
  assert.ok((await api('GET', '/api/clients')).body.every((client) => client.name.trim() !== ''));
});

browserTest('blanks around a name are not kept', async ({ page }) => {
  await page.goto('/clients');
  await page.getByLabel('Name').fill('  Mill  ');
  await page.getByRole('button', { name: 'Add client' }).click();
  await page.getByRole('cell', { name: 'Mill', exact: true }).waitFor();
  assert.ok((await api('GET', '/api/clients')).body.some((client) => client.name === 'Mill'));
});
