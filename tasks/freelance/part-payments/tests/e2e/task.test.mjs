import assert from 'node:assert/strict';
import { api, browserTest } from '/opt/assay/browser-test.mjs';
import './smoke.mjs';

browserTest('a payment is recorded and shown', async ({ page }) => {
  await page.goto('/invoices/1');
  await page.getByText('paid 0.00, open 329.63').waitFor();
  await page.getByLabel('Amount').fill('100');
  await page.getByRole('button', { name: 'Record payment' }).click();
  await page.getByText('paid 100.00, open 229.63').waitFor();
  await page.getByLabel('Amount').fill('229.63');
  await page.getByRole('button', { name: 'Record payment' }).click();
  await page.getByText('paid 329.63, open 0.00').waitFor();
  await page.goto('/invoices');
  await page.getByRole('row', { name: /2026-001/ }).getByText('paid', { exact: true }).waitFor();
  assert.equal((await api('GET', '/api/invoices/1')).body.payments.length, 2);
});

browserTest('payments beyond what is open are refused', async () => {
  const pay = (cents, date = '2026-03-09') => api('POST', '/api/invoices/5/payments', { cents, date });
  const total = 14875;
  for (const cents of [0, -5, 1.5, '100', total + 1]) assert.equal((await pay(cents)).status, 400, String(cents));
  assert.equal((await pay(100, 'today')).status, 400);
  const first = await pay(10000);
  assert.deepEqual([first.status, first.body.paid, first.body.balance, first.body.status], [201, 10000, 4875, 'open']);
  assert.equal((await pay(4876)).status, 400);
  const { body } = await api('GET', '/api/invoices/5');
  assert.deepEqual(body.payments, [{ date: '2026-03-09', cents: 10000 }]);
  const cheap = { ...body, lines: [{ ...body.lines[0], quantity: 1 }] };
  assert.equal((await api('PUT', '/api/invoices/5', cheap)).status, 400);
  assert.equal((await pay(4875)).body.status, 'paid');
  assert.equal((await api('POST', '/api/invoices/999/payments', { cents: 1, date: '2026-03-09' })).status, 404);
});
