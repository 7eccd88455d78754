import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Queue } from '../src/queue.js';
import { deferred, settle, stateOf } from './support/settle.js';

describe('Queue', () => {
  it('runs at most `concurrency` jobs, in order', async () => {
    const queue = new Queue({ concurrency: 2 });
    const gates = [deferred(), deferred(), deferred()];
    const started = [];
    const results = gates.map(({ promise }, index) =>
      queue.add(() => {
        started.push(index);
        return promise;
      }),
    );
    assert.deepEqual(started, [0, 1]);
    assert.equal(queue.size, 1);
    gates[1].resolve('b');
    await settle();
    assert.deepEqual(started, [0, 1, 2]);
    gates[0].resolve('a');
    gates[2].resolve('c');
    assert.deepEqual(await Promise.all(results), ['a', 'b', 'c']);
  });

  it('starts a job at once when there is room', () => {
    let ran = false;
    new Queue().add(() => (ran = true));
    assert.equal(ran, true);
  });

  it('passes failures on and goes on', async () => {
    const queue = new Queue();
    const failing = queue.add(async () => {
      throw new Error('no');
    });
    const next = queue.add(() => 'yes');
    await assert.rejects(failing, /no/);
    assert.equal(await next, 'yes');
  });

  it('tells when it is idle', async () => {
    const queue = new Queue();
    const gate = deferred();
    queue.add(() => gate.promise);
    const idle = queue.onIdle();
    assert.equal(await stateOf(idle), 'pending');
    gate.resolve();
    assert.equal(await stateOf(idle), 'fulfilled');
    assert.equal(await stateOf(queue.onIdle()), 'fulfilled');
  });

  it('refuses a concurrency below one', () => {
    assert.throws(() => new Queue({ concurrency: 0 }), RangeError);
  });

  it('starts nothing while it is paused', async () => {
    const queue = new Queue();
    queue.pause();
    const job = queue.add(() => 'ran');
    assert.equal(await stateOf(job), 'pending');
    queue.resume();
    assert.equal(await job, 'ran');
  });

  it('goes on after jobs that throw instead of returning a promise', async () => {
    const queue = new Queue({ concurrency: 2 });
    const bad = () => {
      throw new TypeError('bad row');
    };
    const failing = [queue.add(bad), queue.add(bad), queue.add(bad)];
    assert.deepEqual(await Promise.all(failing.map(stateOf)), ['rejected', 'rejected', 'rejected']);
    assert.equal(queue.active, 0);
    const next = queue.add(() => 'ran');
    assert.equal(await stateOf(next), 'fulfilled');
    assert.equal(queue.size, 0);
  });

  it('keeps its limit after a job that threw', async () => {
    const queue = new Queue({ concurrency: 2 });
    await assert.rejects(queue.add(() => {
      throw new Error('bad row');
    }));
    const gates = [deferred(), deferred(), deferred()];
    const started = [];
    gates.forEach(({ promise }, index) => queue.add(() => {
      started.push(index);
      return promise;
    }));
    assert.deepEqual(started, [0, 1]);
    assert.equal(queue.active, 2);
    for (const gate of gates) gate.resolve();
    assert.equal(await stateOf(queue.onIdle()), 'fulfilled');
  });

  it('tells that it is idle when the last job throws', async () => {
    const queue = new Queue();
    const gate = deferred();
    queue.add(() => gate.promise);
    const failing = queue.add(() => {
      throw new Error('bad row');
    });
    const idle = queue.onIdle();
    const rejected = assert.rejects(failing, /bad row/);
    gate.resolve();
    await rejected;
    assert.equal(await stateOf(idle), 'fulfilled');
  });

  it('tells that it is idle when a resumed queue only held jobs that throw', async () => {
    const queue = new Queue({ concurrency: 3 });
    queue.pause();
    const failing = [1, 2].map(() => queue.add(() => {
      throw new Error('bad row');
    }));
    const outcome = Promise.allSettled(failing);
    const idle = queue.onIdle();
    assert.equal(await stateOf(idle), 'pending');
    queue.resume();
    assert.deepEqual((await outcome).map(({ status }) => status), ['rejected', 'rejected']);
    assert.equal(await stateOf(idle), 'fulfilled');
  });

  it('survives tens of thousands of throwing jobs in a row', async () => {
    const queue = new Queue();
    const gate = deferred();
    queue.add(() => gate.promise);
    let failures = 0;
    for (let row = 0; row < 30000; row++) {
      queue.add(() => {
        throw new Error('bad row');
      }).catch(() => failures++);
    }
    const last = queue.add(() => 'ran');
    gate.resolve();
    assert.equal(await stateOf(last), 'fulfilled');
    assert.equal(failures, 30000);
  });
});
