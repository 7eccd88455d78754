/** Whether a WebM video can be played, by the Chromium of this machine. */
import { chromium } from 'playwright-core';
import { hostChromium } from '../../src/payout/e2e/chromium-places.ts';

export interface PlayedVideo {
  ended: boolean;
  width: number;
  height: number;
  seconds: number;
  /** Its first picture is not its last. */
  changes: boolean;
}

const PLAY = `(async (source) => {
  const player = document.querySelector('video');
  const shown = () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: player.videoWidth, height: player.videoHeight });
    canvas.getContext('2d').drawImage(player, 0, 0);
    return canvas.toDataURL();
  };
  const said = (event) => new Promise((resolve, reject) => {
    player.addEventListener(event, resolve, { once: true });
    player.addEventListener('error', () => reject(new Error(player.error.message)), { once: true });
  });
  const loaded = said('loadeddata');
  player.src = source;
  await loaded;
  const first = shown();
  const over = said('ended');
  player.playbackRate = 4;
  await player.play();
  await over;
  const { ended, videoWidth: width, videoHeight: height, duration: seconds } = player;
  return { ended, width, height, seconds, changes: shown() !== first };
})`;

/** Plays it to its end. Rejects when the browser cannot. */
export async function playedVideo(video: Buffer): Promise<PlayedVideo> {
  const browser = await chromium.launch({ executablePath: (await hostChromium()) ?? '', args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    await page.setContent('<video muted></video>');
    const source = `data:video/webm;base64,${video.toString('base64')}`;
    return await page.evaluate<PlayedVideo>(`${PLAY}(${JSON.stringify(source)})`);
  } finally {
    await browser.close();
  }
}
