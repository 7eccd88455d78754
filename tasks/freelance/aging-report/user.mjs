import { session } from '/opt/assay/user-session.mjs';

session(async ({ page, say, look }) => {
  await page.goto('/');
  await look('the navigation');
  await page.getByRole('link', { name: 'Overdue' }).click();
  await page.waitForTimeout(1000);
  await look('the page of what is overdue');
  await page.getByLabel('On').fill('2026-01-05');
  say('chooses 5 January 2026');
  await page.waitForTimeout(1000);
  await look('the page on that day');
});
