import assert from 'node:assert/strict';
import { browserTest, eventually } from '/opt/assay/browser-test.mjs';
import './smoke.mjs';

browserTest('the search ignores case and blanks around it', async ({ page }) => {
  await page.goto('/clients');
  const search = page.getByLabel('Search clients');
  const names = () => page.locator('tbody tr td:first-child').allTextContents();
  await page.getByRole('cell', { name: 'Harbour Bakery' }).waitFor();
  for (const [typed, found] of [['Anna', ['anna Lindqvist']], ['harbour ', ['Harbour Bakery']], [' STONE', ['Stone & Sons']], ['zzz', []]]) {
    await search.fill(typed);
    await eventually(async () => assert.deepEqual(await names(), found));
  }
  await search.fill('  ');
  await eventually(async () => assert.ok((await names()).length >= 4));
});
