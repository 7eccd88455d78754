import assert from 'node:assert/strict';
import { api, browserTest } from '/opt/assay/browser-test.mjs';
import './smoke.mjs';

browserTest('the export is quoted, marked and harmless', async ({ page }) => {
  const names = ['Stone, Sons "& Co"', '=HYPERLINK("http://x")', '-5', 'Zoë\nMüller'];
  for (const name of names) {
    const client = (await api('POST', '/api/clients', { name })).body;
    const lines = [{ description: 'x', quantity: 1, unitCents: 1000, taxPercent: 0 }];
    await api('POST', '/api/invoices', { clientId: client.id, issued: '2026-03-09', due: '2026-03-20', lines });
  }
  await page.goto('/invoices');
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Export' }).click()]);
  const chunks = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  assert.deepEqual([...bytes.subarray(0, 3)], [0xef, 0xbb, 0xbf]);
  const text = bytes.subarray(3).toString();
  assert.match(text, /^number,client,issued,due,total,status\r\n/);
  assert.ok(text.endsWith('\r\n'));
  assert.ok(text.includes(',"Stone, Sons ""& Co""",2026-03-09,2026-03-20,10.00,open\r\n'), text);
  assert.ok(text.includes(`,"'=HYPERLINK(""http://x"")",`), text);
  assert.ok(text.includes(",'-5,"), text);
  assert.ok(text.includes(',"Zoë\nMüller",'), text);
  const { headers } = await api('GET', '/api/export/invoices.csv');
  assert.match(headers.get('content-disposition') ?? '', /^attachment;\s*filename="?invoices-2026-03-10\.csv"?$/);
});
