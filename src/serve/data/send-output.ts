/** Sends the output of a process as frames, from where the client says it stopped. */
import type { ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { firstEvent } from '../../base/first-event.ts';
import { encodeFrame, type FrameKind, MAX_FRAME_BYTES } from '../../sandbox/remote/frames.ts';
import { refuse } from '../http/http-problem.ts';
import type { HostedProcess, HostedStream } from './hosted-process.ts';
import { Wakeup } from './wakeup.ts';

const ALIVE_MS = 10_000;
/** So long more is waited for when something came: the last output, its end and the exit mostly come together, and each message costs all on its way. */
const GATHER_MS = 1;
/** A command that gets no more input may have ended by then: its start need not be told apart. */
const START_MS = 5;

interface Cursor {
  kind: FrameKind;
  endKind: FrameKind;
  stream: HostedStream;
  offset: number;
  endSent: boolean;
}

/** Where frames go. */
export interface OutputSink {
  stream: Writable;
  /** The offsets are good: from here on frames follow. */
  begin(): void;
  /** Lets the client know that it has begun, before there is anything to send. */
  flush(): void;
}

/** `gone`: the client is. */
export type OutputEnd = 'all' | 'replaced' | 'gone';

/** Sends the output as the body of a reply, as `sendOutput` does. */
export async function replyOutput(
  hosted: HostedProcess,
  offsets: { stdout: number; stderr: number },
  response: ServerResponse,
): Promise<void> {
  await sendOutput(hosted, offsets, {
    stream: response,
    begin: () =>
      void response.writeHead(200, { 'content-type': 'application/octet-stream', 'cache-control': 'no-store' }),
    flush: () => response.flushHeaders(),
  });
  response.end();
}

/**
 * Sends the output from the offsets on, as it comes, until all of it and the exit are sent or another connection takes over. Throws 409 before anything is sent
 * when an offset was acknowledged before or is not reached yet. The stream may be corked then: the caller ends it.
 */
export async function sendOutput(
  hosted: HostedProcess,
  offsets: { stdout: number; stderr: number },
  sink: OutputSink,
): Promise<OutputEnd> {
  const cursors: Cursor[] = [
    { kind: 'stdout', endKind: 'stdout-end', stream: hosted.stdout, offset: offsets.stdout, endSent: false },
    { kind: 'stderr', endKind: 'stderr-end', stream: hosted.stderr, offset: offsets.stderr, endSent: false },
  ];
  for (const { kind, stream, offset } of cursors)
    if (offset < stream.window.start || offset > stream.window.end)
      throw refuse(409, `${kind} from ${offset} on, but ${stream.window.start} to ${stream.window.end} is held`);
  hosted.events.emit('attach');
  sink.begin();
  if (hosted.isInteractive) sink.flush();
  return await sendUntilDone(hosted, cursors, sink);
}

async function sendUntilDone(
  hosted: HostedProcess,
  cursors: readonly Cursor[],
  { stream, flush }: OutputSink,
): Promise<OutputEnd> {
  let replaced = false;
  let exitSent = false;
  const wakeup = new Wakeup();
  const wake = () => wakeup.ring();
  const replace = () => {
    replaced = true;
    wake();
  };
  const alive = setInterval(() => stream.write(encodeFrame('alive')), ALIVE_MS);
  hosted.events.on('change', wake).once('attach', replace);
  stream.once('close', wake);
  stream.cork(); // until it waits, or ends
  try {
    if (!hosted.isInteractive) {
      await Promise.race([wakeup.wait(), sleep(START_MS)]);
      flush();
    }
    while (!replaced && !stream.destroyed) {
      let sent = false;
      for (const cursor of cursors) sent = (await sendNext(cursor, stream)) || sent;
      // The exit comes after what was printed before it.
      if (hosted.settledExit !== null && !exitSent && !sent) {
        exitSent = true;
        stream.write(encodeFrame('exit', Buffer.from(JSON.stringify(hosted.settledExit))));
      }
      if (exitSent && cursors.every((cursor) => cursor.endSent)) return 'all';
      if (!sent) await uncorked(stream, () => next(hosted, wakeup));
    }
    return replaced ? 'replaced' : 'gone';
  } finally {
    clearInterval(alive);
    hosted.events.off('change', wake).off('attach', replace);
    stream.off('close', wake);
  }
}

/** Resolves when there is more to tell. */
async function next(hosted: HostedProcess, wakeup: Wakeup): Promise<void> {
  await wakeup.wait();
  if (!hosted.complete) await sleep(GATHER_MS);
}

/** Frames that are there together go together; whoever waits lets them go before. */
async function uncorked(stream: Writable, wait: () => Promise<unknown>): Promise<void> {
  stream.uncork();
  await wait();
  stream.cork();
}

/** One frame of a stream, or its end; false when there is nothing new. */
async function sendNext(cursor: Cursor, stream: Writable): Promise<boolean> {
  const { window } = cursor.stream;
  // What was let go of meanwhile, the client has.
  cursor.offset = Math.max(cursor.offset, window.start);
  const bytes = window.read(cursor.offset, MAX_FRAME_BYTES);
  if (bytes.length > 0) {
    cursor.offset += bytes.length;
    if (!stream.write(encodeFrame(cursor.kind, bytes)) && !stream.destroyed)
      await uncorked(stream, () => firstEvent(stream, ['drain', 'close']));
    return true;
  }
  if (!window.ended || cursor.endSent) return false;
  cursor.endSent = true;
  stream.write(encodeFrame(cursor.endKind));
  return true;
}
