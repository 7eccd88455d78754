/** node wait-for-app.mjs PORT PATH SECONDS: exits with 0 as soon as the application answers with a status below 500. */
import { get } from 'node:http';

const [port, path, seconds] = [Number(process.argv[2]), process.argv[3], Number(process.argv[4])];
const end = Date.now() + seconds * 1000;

function ask() {
  const request = get({ host: '127.0.0.1', port, path, timeout: 5000 }, (response) => {
    response.resume();
    if (response.statusCode < 500) process.exit(0);
    again();
  });
  request.on('timeout', () => request.destroy());
  request.on('error', again);
}

function again() {
  if (Date.now() > end) process.exit(1);
  setTimeout(ask, 50);
}

ask();
