/**
 * Films a page while a test uses it: a picture for each change, a few per second, in a folder of `FILMS`. Turning them into a video takes time that is no test's: see
 * films-to-webm.mjs.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';

export const FILMS = '/tmp/films';
/** Of one film. What goes on for longer is filmed less often. */
const MOST_PICTURES = 120;
const BETWEEN_MS = 250;
const SIZE = { maxWidth: 880, maxHeight: 640 };

/** Returns how to end the film. A browser that cannot be filmed is no failure of the test. */
export async function film(context, page, name) {
  const folder = `${FILMS}/${name}`;
  mkdirSync(folder, { recursive: true });
  let between = BETWEEN_MS;
  let began;
  const session = await context.newCDPSession(page).catch(() => undefined);
  session?.on('Page.screencastFrame', ({ data, sessionId }) => {
    began ??= Date.now();
    const at = Date.now() - began;
    try {
      writeFileSync(`${folder}/${String(at).padStart(8, '0')}.jpg`, Buffer.from(data, 'base64'));
      if (thinOut(folder)) between *= 2;
    } catch {
      return; // no room: the film ends here, the test goes on
    }
    // The next picture comes after the answer.
    setTimeout(() => void session.send('Page.screencastFrameAck', { sessionId }).catch(() => {}), between).unref();
  });
  await session?.send('Page.startScreencast', { format: 'jpeg', quality: 70, ...SIZE }).catch(() => {});
  return async () => {
    await session?.send('Page.stopScreencast').catch(() => {});
    if (began !== undefined) writeFileSync(`${folder}/end`, String(Date.now() - began));
  };
}

/** Every second picture goes when there are too many. */
function thinOut(folder) {
  const pictures = readdirSync(folder).sort();
  if (pictures.length < MOST_PICTURES) return false;
  for (const name of pictures.filter((_, index) => index % 2 === 1)) rmSync(`${folder}/${name}`);
  return true;
}
