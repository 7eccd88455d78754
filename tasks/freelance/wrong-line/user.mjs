import { session } from '/opt/assay/user-session.mjs';

session(async ({ page, say, look }) => {
  await page.goto('/invoices/new');
  for (const at of [0, 1, 2]) {
    if (at > 0) await page.getByRole('button', { name: 'Add line' }).click();
    await page.getByLabel('Description').nth(at).fill('Work, hours');
    await page.getByLabel('Quantity').nth(at).fill(String(at + 1));
  }
  await look('three lines of one description, with the quantities 1, 2 and 3');
  say('presses Remove on the third');
  await page.getByRole('button', { name: 'Remove' }).nth(2).click();
  const left = await page.getByLabel('Quantity').evaluateAll((fields) => fields.map((field) => field.value));
  say(`the quantities now are ${left.join(', ')}`);
  await look('the form after that');
});
