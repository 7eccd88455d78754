/** node browser-server.mjs PLACE...: starts the first Chromium that is there (or `$CHROMIUM`) for the tests to connect to, and prints its address. What goes wrong here says nothing about the application. */
import { existsSync } from 'node:fs';
import { chromium } from './node_modules/playwright-core/index.mjs';

const executablePath = process.env.CHROMIUM ?? process.argv.slice(2).find((path) => existsSync(path));
if (executablePath === undefined) {
  console.log('no-chromium');
  process.exit(3);
}
const server = await chromium.launchServer({
  executablePath,
  host: '127.0.0.1',
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
});
server.on('close', () => process.exit(4));
console.log(server.wsEndpoint());
