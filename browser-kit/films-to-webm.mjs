/**
 * node films-to-webm.mjs: each folder of pictures below `FILMS` becomes a video in the folder `ARTIFACTS`, by the browser at `BROWSER_WS`: it writes pictures as WebP, and a WebP picture
 * is a key frame of VP8. Playwright records video with a program that comes with its own browsers only.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { chromium } from './node_modules/playwright-core/index.mjs';
import { FILMS } from './film.mjs';
import { vp8Frame, webm } from './webm.mjs';

const names = existsSync(FILMS) ? readdirSync(FILMS).sort() : [];
const browser = await chromium.connect(process.env.BROWSER_WS);
const page = await (await browser.newContext()).newPage();
mkdirSync(process.env.ARTIFACTS, { recursive: true });
for (const name of names) {
  const pictures = readdirSync(`${FILMS}/${name}`).filter((file) => file.endsWith('.jpg')).sort();
  const video = await videoOf(`${FILMS}/${name}`, pictures);
  if (video !== undefined) writeFileSync(`${process.env.ARTIFACTS}/${name}.webm`, video);
}
await browser.close();

async function videoOf(folder, pictures) {
  let size;
  const frames = [];
  for (const file of pictures) {
    const picture = readFileSync(`${folder}/${file}`, 'base64');
    const { webp, ...drawn } = await page.evaluate(asWebp, { picture, size });
    size ??= drawn;
    frames.push({ at: Number.parseInt(file, 10), data: vp8Frame(Buffer.from(webp, 'base64')) });
  }
  const last = frames.at(-1);
  if (last === undefined) return undefined;
  const end = existsSync(`${folder}/end`) ? Number(readFileSync(`${folder}/end`, 'utf8')) : last.at;
  // The last state stays for a second.
  return webm({ ...size, frames: [...frames, { ...last, at: Math.max(end, last.at) + 1_000 }] });
}

/** Runs in the page. Every picture of a film is drawn at the size of the first. */
async function asWebp({ picture, size }) {
  const bytes = Uint8Array.from(atob(picture), (character) => character.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/jpeg' }));
  const { width, height } = size ?? bitmap;
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d', { alpha: false }).drawImage(bitmap, 0, 0, width, height);
  const blob = await canvas.convertToBlob({ type: 'image/webp', quality: 0.7 });
  const webp = btoa(Array.from(new Uint8Array(await blob.arrayBuffer()), (byte) => String.fromCharCode(byte)).join(''));
  return { webp, width, height };
}
