import { session } from '/opt/assay/user-session.mjs';

session(async ({ page, say, look }) => {
  await page.goto('/invoices');
  say(`there are ${await page.locator('tbody tr').count()} invoices`);
  await page.goto('/invoices/new');
  await page.getByLabel('Description').fill('Twice');
  await page.keyboard.press('Tab');
  await page.route('**/api/**', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 800));
    await route.continue();
  });
  say('writes an invoice and presses Save twice, the line is slow');
  await page.getByRole('button', { name: 'Save' }).evaluate((button) => {
    button.click();
    button.click();
  });
  await look('the page right after that');
  await page.waitForTimeout(3000);
  await page.goto('/invoices');
  await page.locator('tbody tr').first().waitFor();
  say(`now there are ${await page.locator('tbody tr').count()} invoices`);
  await look('the list of invoices');
});
