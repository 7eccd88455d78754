import assert from 'node:assert/strict';
import { api, browserTest, eventually } from '/opt/assay/browser-test.mjs';
import './smoke.mjs';

const quote = (more = {}) => ({
  clientId: 3,
  issued: '2026-03-01',
  validUntil: '2026-03-31',
  note: 'as discussed',
  lines: [{ description: 'Railing', quantity: 2, unitCents: 50000, taxPercent: 19 }],
  ...more,
});

browserTest('quotes are made, counted and checked', async () => {
  assert.deepEqual((await api('GET', '/api/quotes')).body, []);
  const first = await api('POST', '/api/quotes', quote());
  assert.equal(first.status, 201);
  const { number, clientName, net, tax, total, status } = first.body;
  assert.deepEqual([number, clientName, net, tax, total, status], ['Q2026-001', 'Stone & Sons', 100000, 19000, 119000, 'open']);
  const old = (await api('POST', '/api/quotes', quote({ issued: '2026-01-01', validUntil: '2026-03-09' }))).body;
  assert.deepEqual([old.number, old.status], ['Q2026-002', 'expired']);
  assert.equal((await api('POST', '/api/quotes', quote({ validUntil: '2026-03-10' }))).body.status, 'open');
  for (const wrong of [{ clientId: 99 }, { lines: [] }, { validUntil: '2026-02-28' }, { validUntil: 'soon' }]) {
    assert.equal((await api('POST', '/api/quotes', quote(wrong))).status, 400, JSON.stringify(wrong));
  }
  assert.deepEqual((await api('GET', `/api/quotes/${first.body.id}`)).body, first.body);
  assert.equal((await api('POST', `/api/quotes/${old.id}/accept`)).status, 409);
  assert.equal((await api('GET', '/api/quotes/999')).status, 404);
});

browserTest('a quote becomes one invoice', async () => {
  const { body } = await api('POST', '/api/quotes', quote());
  const answers = await Promise.all([1, 2].map(() => api('POST', `/api/quotes/${body.id}/accept`)));
  assert.deepEqual(answers.map((answer) => answer.status).sort(), [201, 409]);
  const { quote: accepted, invoice } = answers.find((answer) => answer.status === 201).body;
  assert.deepEqual([accepted.status, accepted.invoiceId], ['accepted', invoice.id]);
  assert.deepEqual([invoice.clientId, invoice.issued, invoice.due, invoice.note, invoice.total], [3, '2026-03-10', '2026-03-24', 'as discussed', 119000]);
  assert.equal((await api('GET', `/api/invoices/${invoice.id}`)).body.number, invoice.number);
  assert.equal((await api('POST', `/api/quotes/${body.id}/decline`)).status, 409);
  const other = (await api('POST', '/api/quotes', quote())).body;
  const declined = await api('POST', `/api/quotes/${other.id}/decline`);
  assert.deepEqual([declined.status, declined.body.status], [200, 'declined']);
  assert.equal((await api('POST', `/api/quotes/${other.id}/accept`)).status, 409);
});

browserTest('quotes of a deleted client go', async () => {
  const client = (await api('POST', '/api/clients', { name: 'Short' })).body;
  const { body } = await api('POST', '/api/quotes', quote({ clientId: client.id }));
  await api('DELETE', `/api/clients/${client.id}`);
  assert.equal((await api('GET', `/api/quotes/${body.id}`)).status, 404);
});

browserTest('the page of quotes', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('cell', { name: 'Harbour Bakery' }).waitFor(); // a page that is drawn late would take the place of the next
  await page.getByRole('link', { name: 'Quotes' }).click();
  await page.getByRole('heading', { name: 'Quotes' }).waitFor();
  for (const description of ['Stairs', 'Door']) {
    await page.getByLabel('Client').selectOption({ label: 'Vela Chandlery' });
    await page.getByLabel('Valid until').fill('2099-12-31');
    await page.getByLabel('Description').fill(description);
    await page.getByLabel('Quantity').fill('2');
    await page.getByLabel('Price').fill(description === 'Door' ? '250.50' : '10');
    await page.getByRole('button', { name: 'Add quote' }).click();
    await page.getByRole('row', { name: description === 'Door' ? /596\.19/ : /23\.80/ }).waitFor();
  }
  const stairs = page.getByRole('row', { name: /23\.80/ });
  await stairs.getByRole('button', { name: 'Decline' }).click();
  await stairs.getByText('declined').waitFor();
  assert.equal(await stairs.getByRole('button').count(), 0);
  await page.getByRole('row', { name: /596\.19/ }).getByRole('button', { name: 'Accept' }).click();
  await page.waitForURL(/\/invoices\/\d+$/);
  await eventually(async () => assert.equal(await page.getByLabel('Description').inputValue(), 'Door'));
});
