import { session } from '/opt/assay/user-session.mjs';

session(async ({ page, say, look }) => {
  await page.goto('/clients');
  await page.getByRole('row', { name: /Harbour Bakery/ }).getByRole('button', { name: 'Delete' }).click();
  say('deletes Harbour Bakery');
  await page.waitForTimeout(500);
  say(`the message says: ${await page.locator('#notice').textContent()}`);
  await look('the list and the message');
  await page.getByRole('button', { name: 'Undo' }).click();
  say('presses Undo');
  await page.waitForTimeout(1000);
  await look('the list');
  await page.goto('/invoices');
  await page.waitForTimeout(1000);
  await look('the invoices');
});
