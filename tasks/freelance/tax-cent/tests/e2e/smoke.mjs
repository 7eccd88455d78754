import assert from 'node:assert/strict';
import { api, browserTest } from '/opt/assay/browser-test.mjs';

browserTest('still lists clients and invoices', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('cell', { name: 'Harbour Bakery' }).waitFor();
  await page.getByRole('link', { name: 'Invoices', exact: true }).click();
  await page.getByRole('link', { name: '2026-002' }).waitFor();
  assert.match((await page.getByRole('row', { name: /2026-002/ }).textContent()) ?? '', /1,598\.24/);
});

browserTest('still writes an invoice', async ({ page }) => {
  await page.goto('/invoices/new');
  await page.getByLabel('Client').selectOption({ label: 'Vela Chandlery' });
  await page.getByLabel('Issued').fill('2099-01-05');
  await page.getByLabel('Due').fill('2099-01-19');
  await page.getByLabel('Description').fill('Rope, metres');
  await page.getByLabel('Quantity').fill('12');
  await page.getByLabel('Price').fill('2.50');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.waitForURL(/\/invoices\/\d+$/);
  const { body } = await api('GET', `/api${new URL(page.url()).pathname}`);
  assert.equal(body.total, 3570);
  assert.equal(body.clientName, 'Vela Chandlery');
});
