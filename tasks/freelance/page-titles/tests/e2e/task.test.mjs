import assert from 'node:assert/strict';
import { browserTest, eventually } from '/opt/assay/browser-test.mjs';
import './smoke.mjs';

browserTest('each page is titled by its heading', async ({ page }) => {
  const titled = (title) => eventually(async () => assert.equal(await page.title(), title));
  await page.goto('/');
  await titled('Clients – Fieldbook');
  await page.getByRole('link', { name: 'Invoices', exact: true }).click();
  await titled('Invoices – Fieldbook');
  await page.getByRole('link', { name: '2026-001' }).click();
  await titled('Invoice 2026-001 – Fieldbook');
  await page.goBack();
  await titled('Invoices – Fieldbook');
  await page.goto('/nowhere');
  await titled('Fieldbook');
});
