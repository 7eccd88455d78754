import assert from 'node:assert/strict';
import { browserTest } from '/opt/assay/browser-test.mjs';
import './smoke.mjs';

for (const timezoneId of ['America/New_York', 'Pacific/Kiritimati', 'Europe/Berlin']) {
  browserTest(
    `dates read the same in ${timezoneId}`,
    async ({ page }) => {
      await page.goto('/invoices');
      const row = page.getByRole('row', { name: /2026-005/ });
      await row.waitFor();
      const cells = await row.getByRole('cell').allTextContents();
      assert.deepEqual(cells.slice(2, 4), ['1 Mar 2026', '31 Mar 2026']);
    },
    { settings: { timezoneId } },
  );
}
