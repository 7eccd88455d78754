import assert from 'node:assert/strict';
import { api, browserTest, eventually } from '/opt/assay/browser-test.mjs';
import './smoke.mjs';

const numbers = (page) => page.locator('tbody tr td:first-child').allTextContents();

browserTest('heads sort by amount, name and date', async ({ page }) => {
  for (const [unitCents, clientId] of [[100000, 1], [900, 2]]) {
    const lines = [{ description: 'x', quantity: 1, unitCents, taxPercent: 0 }];
    await api('POST', '/api/invoices', { clientId, issued: '2026-03-02', due: '2026-03-03', lines });
  }
  const shown = (await api('GET', '/api/invoices')).body;
  await page.goto('/invoices');
  const order = (key, direction = 1) =>
    [...shown]
      .sort((a, b) => (key(a) < key(b) ? -direction : key(a) > key(b) ? direction : a.id - b.id))
      .map((invoice) => invoice.number);
  const keys = { Total: (one) => one.total, Client: (one) => one.clientName.toLowerCase(), Due: (one) => one.due, Issued: (one) => one.issued };
  for (const [head, key] of Object.entries(keys)) {
    await page.getByRole('button', { name: head, exact: true }).click();
    await eventually(async () => assert.deepEqual(await numbers(page), order(key)));
    assert.equal(await page.getByRole('columnheader', { name: head }).getAttribute('aria-sort'), 'ascending');
    await page.getByRole('button', { name: head, exact: true }).click();
    await eventually(async () => assert.deepEqual(await numbers(page), order(key, -1)));
    assert.equal(await page.getByRole('columnheader', { name: head }).getAttribute('aria-sort'), 'descending');
    assert.equal(await page.locator('th[aria-sort]').count(), 1);
  }
});
