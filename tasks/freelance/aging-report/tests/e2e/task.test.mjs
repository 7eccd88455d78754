import assert from 'node:assert/strict';
import { api, browserTest, eventually } from '/opt/assay/browser-test.mjs';
import './smoke.mjs';

browserTest('the report of today counts by days past due', async () => {
  const { status, body } = await api('GET', '/api/reports/aging');
  assert.equal(status, 200);
  assert.equal(body.on, '2026-03-10');
  const rows = body.rows.map((row) => [row.client, row.current, row['1-30'], row['31-60'], row['61-90'], row['over-90'], row.total]);
  assert.deepEqual(rows, [
    ['Stone & Sons', 0, 159824, 0, 0, 0, 159824],
    ['Harbour Bakery', 14875, 0, 32963, 0, 0, 47838],
    ['anna Lindqvist', 0, 41531, 0, 0, 0, 41531],
    ['Vela Chandlery', 0, 0, 0, 29736, 0, 29736],
  ]);
  assert.deepEqual(body.sum, { current: 14875, '1-30': 201355, '31-60': 32963, '61-90': 29736, 'over-90': 0, total: 278929 });
});

browserTest('the borders of the columns', async () => {
  const row = async (on) => {
    const { body } = await api('GET', `/api/reports/aging?on=${on}`);
    const { clientId, client, total, ...parts } = body.rows.find((one) => one.clientId === 2) ?? {};
    return Object.entries(parts).filter(([, cents]) => cents > 0).map(([name]) => name);
  };
  // Due on 2026-02-25.
  assert.deepEqual(await row('2026-02-10'), []);
  assert.deepEqual(await row('2026-02-25'), ['current']);
  assert.deepEqual(await row('2026-02-26'), ['1-30']);
  assert.deepEqual(await row('2026-03-27'), ['1-30']);
  assert.deepEqual(await row('2026-03-28'), ['31-60']);
  assert.deepEqual(await row('2026-04-26'), ['31-60']);
  assert.deepEqual(await row('2026-04-27'), ['61-90']);
  assert.deepEqual(await row('2026-05-26'), ['61-90']);
  assert.deepEqual(await row('2026-05-27'), ['over-90']);
  assert.equal((await api('GET', '/api/reports/aging?on=soon')).status, 400);
});

browserTest('the page shows the table of a day', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('cell', { name: 'Harbour Bakery' }).waitFor(); // a page that is drawn late would take the place of the next
  await page.getByRole('link', { name: 'Overdue' }).click();
  await page.getByRole('heading', { name: 'Overdue' }).waitFor();
  const cells = (name) => page.getByRole('row', { name }).locator('th, td').allTextContents();
  await page.getByLabel('On').fill('2026-03-10');
  await eventually(async () => assert.deepEqual(await cells(/Stone & Sons/), ['Stone & Sons', '0.00', '1,598.24', '0.00', '0.00', '0.00', '1,598.24']));
  assert.deepEqual(await page.locator('thead th').allTextContents(), ['Client', 'Current', '1–30', '31–60', '61–90', 'Over 90', 'Total']);
  await page.getByLabel('On').fill('2026-01-05');
  await eventually(async () => assert.deepEqual(await cells(/^Sum/), ['Sum', '329.63', '297.36', '0.00', '0.00', '0.00', '626.99']));
});
