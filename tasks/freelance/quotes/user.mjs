import { session } from '/opt/assay/user-session.mjs';

session(async ({ page, say, look }) => {
  await page.goto('/');
  await page.getByRole('link', { name: 'Quotes' }).click();
  await page.waitForTimeout(1000);
  await look('the page of quotes');
  await page.getByLabel('Client').selectOption({ label: 'Vela Chandlery' });
  await page.getByLabel('Valid until').fill('2099-12-31');
  await page.getByLabel('Description').fill('Door');
  await page.getByLabel('Quantity').fill('2');
  await page.getByLabel('Price').fill('250.50');
  await page.getByRole('button', { name: 'Add quote' }).click();
  say('adds a quote of two doors for 250.50 each');
  await page.waitForTimeout(1000);
  await look('the quotes');
  await page.getByRole('button', { name: 'Accept' }).first().click();
  say('accepts it');
  await page.waitForTimeout(1000);
  say(`is at ${new URL(page.url()).pathname} now`);
  await look('where that leads');
});
