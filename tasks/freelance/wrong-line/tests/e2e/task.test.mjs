import assert from 'node:assert/strict';
import { api, browserTest } from '/opt/assay/browser-test.mjs';
import './smoke.mjs';

browserTest('removes the line whose button was pressed', async ({ page }) => {
  await page.goto('/invoices/new');
  for (const [at, quantity] of ['1', '2', '3'].entries()) {
    if (at > 0) await page.getByRole('button', { name: 'Add line' }).click();
    await page.getByLabel('Description').nth(at).fill('Work, hours');
    await page.getByLabel('Quantity').nth(at).fill(quantity);
    await page.getByLabel('Price').nth(at).fill('60');
  }
  const quantities = () => page.getByLabel('Quantity').evaluateAll((fields) => fields.map((field) => field.value));
  await page.getByRole('button', { name: 'Remove' }).nth(2).click();
  assert.deepEqual(await quantities(), ['1', '2']);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.waitForURL(/\/invoices\/\d+$/);
  const { body } = await api('GET', `/api${new URL(page.url()).pathname}`);
  assert.deepEqual(body.lines.map((line) => line.quantity), [1, 2]);
});
