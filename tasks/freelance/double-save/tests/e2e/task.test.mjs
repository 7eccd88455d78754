import assert from 'node:assert/strict';
import { api, browserTest } from '/opt/assay/browser-test.mjs';
import './smoke.mjs';

const invoice = { clientId: 1, issued: '2026-03-01', due: '2026-03-31', lines: [{ description: 'x', quantity: 1, unitCents: 100 }] };

browserTest('pressing Save twice on a slow line makes one invoice', async ({ page }) => {
  const ids = [];
  await page.route('**/api/invoices', async (route) => {
    if (route.request().method() === 'POST') ids.push(route.request().postDataJSON().requestId);
    await new Promise((resolve) => setTimeout(resolve, 700));
    await route.continue();
  });
  const before = (await api('GET', '/api/invoices')).body.length;
  await page.goto('/invoices/new');
  await page.getByLabel('Description').fill('Twice');
  await page.keyboard.press('Tab');
  const save = page.getByRole('button', { name: 'Save' });
  await save.evaluate((button) => {
    button.click();
    button.click();
  });
  assert.equal(await save.isDisabled(), true);
  await page.waitForURL(/\/invoices\/\d+$/);
  assert.equal((await api('GET', '/api/invoices')).body.length, before + 1);
  assert.equal(ids.length, 1);
  assert.ok(typeof ids[0] === 'string' && ids[0].length > 0);
});

browserTest('after a failure Save can be pressed again', async ({ page }) => {
  await page.goto('/invoices/new');
  const save = page.getByRole('button', { name: 'Save' });
  await save.click();
  await page.getByText('a line needs a description').waitFor();
  assert.equal(await save.isDisabled(), false);
  await page.getByLabel('Description').fill('Now');
  const request = page.waitForRequest((one) => one.method() === 'POST');
  await save.click();
  assert.equal(typeof (await request).postDataJSON().requestId, 'string');
  await page.waitForURL(/\/invoices\/\d+$/);
});

browserTest('the server makes one invoice per requestId', async () => {
  const answers = await Promise.all([1, 2, 3].map(() => api('POST', '/api/invoices', { ...invoice, requestId: 'same' })));
  assert.equal(new Set(answers.map((answer) => answer.body.id)).size, 1);
  assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 200, 201]);
  assert.equal('requestId' in answers[0].body, false);
  const other = await api('POST', '/api/invoices', { ...invoice, requestId: 'other' });
  assert.notEqual(other.body.id, answers[0].body.id);
  const [one, two] = [await api('POST', '/api/invoices', invoice), await api('POST', '/api/invoices', invoice)];
  assert.notEqual(one.body.id, two.body.id);
});
