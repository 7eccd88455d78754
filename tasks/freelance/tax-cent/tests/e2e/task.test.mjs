import assert from 'node:assert/strict';
import { api, browserTest } from '/opt/assay/browser-test.mjs';
import './smoke.mjs';

browserTest('tax is rounded per line to the nearest cent', async ({ page }) => {
  await page.goto('/invoices');
  await page.getByRole('row', { name: /2026-004/ }).getByText('297.37').waitFor();
  const lines = [
    { description: 'half', quantity: 1, unitCents: 50, taxPercent: 19 },
    { description: 'down', quantity: 1, unitCents: 120, taxPercent: 7 },
    { description: 'up', quantity: 1, unitCents: 999, taxPercent: 7.5 },
  ];
  const { body } = await api('POST', '/api/invoices', { clientId: 1, issued: '2026-03-01', due: '2026-03-31', lines });
  assert.deepEqual([body.net, body.tax, body.total], [1169, 10 + 8 + 75, 1262]);
});
