/** Starts Chromium for the tests to connect to, and prints its address. What goes wrong here says nothing about the application. */
import { existsSync } from 'node:fs';
import { chromium } from './node_modules/playwright-core/index.mjs';

/** The programs themselves: Debian's wrapper reads configuration that is not there in a sandbox. */
const PLACES = [
  '/usr/lib/chromium/chromium',
  '/usr/lib/chromium-browser/chromium-browser',
  '/opt/google/chrome/chrome',
  '/usr/bin/chromium',
];
const executablePath = process.env.CHROMIUM ?? PLACES.find((path) => existsSync(path));
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
