import type { Clock, TransportClose } from "@datahike-sync/core";
import {
  type ChannelEnd,
  type ChannelOptions,
  createChannel,
} from "@datahike-sync/transport-channel";
import { describe, expect, test } from "vitest";
import { settled, VirtualClock } from "./virtual-clock.ts";

describe("a channel", () => {
  test("has copied a message when send returns", async () => {
    const [near, far] = createChannel();
    const messages = messagesAt(far);
    const [head, body] = [bytes(1, 2), bytes(3)];
    const sent = near.send(head, body);
    head.fill(9);
    body.fill(9);
    await sent;
    await settled();
    expect(messages).toEqual([bytes(1, 2, 3)]);
  });

  test("needs no timer where nothing takes time", async () => {
    const clock: Clock = {
      now: () => {
        throw new Error("somebody asked for the time");
      },
      after: () => {
        throw new Error("somebody set a timer");
      },
    };
    const [near, far] = createChannel({ clock });
    const messages = messagesAt(far);
    for (let i = 0; i < 1000; i++) await near.send(bytes(i));
    await near.close();
    expect(messages.length).toBe(1000);
  });

  test("counts empty messages too, so that they cannot fill the memory", async () => {
    const [near, far] = createChannel({ maxFrameBytes: 1024, maxQueueBytes: 64 * 1024 });
    const closes = closesAt(far);
    let sends = 0;
    const failures: Promise<unknown>[] = [];
    for (; near.state === "open"; sends++) failures.push(near.send(bytes()).catch(codeOf));
    expect(sends).toBe(1025);
    await settled();
    expect(closes).toMatchObject([{ code: "LIMIT_EXCEEDED", error: { code: "TRANSPORT_CLOSED" } }]);
    expect((await Promise.all(failures)).at(-1)).toBe("LIMIT_EXCEEDED");
  });

  test("takes a message of maxFrameBytes whatever maxQueueBytes is", async () => {
    const [near, far] = createChannel({ maxFrameBytes: 1000, maxQueueBytes: 10 });
    const messages = messagesAt(far);
    for (let i = 0; i < 3; i++) await near.send(new Uint8Array(1000).fill(i));
    await near.close();
    expect(messages.length).toBe(3);
  });

  test("lets a sender go on while a quarter of maxQueueBytes or less is waiting", async () => {
    const [near, far] = createChannel({ maxFrameBytes: 1000, maxQueueBytes: 8 * 564 });
    const sends = [new Uint8Array(500), new Uint8Array(500), new Uint8Array(500)].map((message) =>
      near.send(message),
    );
    const done = sends.map(() => false);
    for (const [i, sent] of sends.entries()) void sent.then(() => (done[i] = true));
    await settled();
    expect(done).toEqual([true, true, false]);
    messagesAt(far);
    await settled();
    expect(done).toEqual([true, true, true]);
  });

  test("keeps room for a message of maxFrameBytes where a quarter is too little", async () => {
    const [near] = createChannel({ maxFrameBytes: 900, maxQueueBytes: 1064 });
    await near.send(new Uint8Array(36));
    let isDone = false;
    void near.send(new Uint8Array(900)).then(() => (isDone = true));
    await settled();
    expect([near.state, isDone]).toEqual(["open", false]);

    const [other] = createChannel({ maxFrameBytes: 900, maxQueueBytes: 1064 });
    void other.send(new Uint8Array(37)).then(() => (isDone = true));
    await settled();
    expect(isDone).toBe(false);
  });

  test("keeps order when more waits than ever was taken", async () => {
    const [near, far] = createChannel();
    const numbers: number[] = [];
    let sent = 0;
    const send = () => void near.send(Uint8Array.of(sent & 255, sent++ >> 8));
    for (let i = 0; i < 3000; i++) send();
    await new Promise<void>((resolve) => {
      far.onMessage(([low = 0, high = 0]) => {
        numbers.push(low + 256 * high);
        if (sent < 10_000) send();
        if (numbers.length === 10_000) resolve();
      });
    });
    expect(numbers).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
  });

  test("tells both ends with which code one closed, and why", async () => {
    const [near, far] = createChannel();
    const [here, there] = [closesAt(near), closesAt(far)];
    await near.close("RETRY_LATER", "too many are catching up");
    const close = { code: "RETRY_LATER", reason: "too many are catching up" };
    expect([here, there]).toEqual([[close], [close]]);
  });

  test("refuses options out of their range", () => {
    const wrong: ChannelOptions[] = [
      { latencyMs: -1 },
      { latencyMs: Number.POSITIVE_INFINITY },
      { bytesPerSecond: 0 },
      { loss: 1.5 },
      { loss: Number.NaN },
    ];
    for (const options of wrong) expect(() => createChannel({}, options)).toThrow(RangeError);
  });
});

describe("latency and bandwidth", () => {
  test("decide when a message arrives", async () => {
    const clock = new VirtualClock();
    const [near, far] = createChannel({ clock, latencyMs: 100, bytesPerSecond: 1000 });
    const arrivals = arrivalsAt(far, clock);
    void near.send(new Uint8Array(50));
    void near.send(new Uint8Array(20));
    await clock.moveTo(60);
    void near.send(new Uint8Array(0));
    await clock.moveTo(200);
    void near.send(new Uint8Array(10));
    await clock.moveTo(1000);
    expect(arrivals).toEqual([
      [150, 50],
      [170, 20],
      [170, 0],
      [310, 10],
    ]);
  });

  test("may differ between the two directions", async () => {
    const clock = new VirtualClock();
    const [near, far] = createChannel({ clock, latencyMs: 10 }, { clock, latencyMs: 30 });
    const [there, back] = [arrivalsAt(far, clock), arrivalsAt(near, clock)];
    void near.send(bytes(1));
    void far.send(bytes(1));
    await clock.moveTo(100);
    expect([there, back]).toEqual([[[10, 1]], [[30, 1]]]);
  });

  test("come to an end at any time of day", async () => {
    const clock = new VirtualClock();
    await clock.moveTo(1.7e12 + 1 / 3);
    const [near, far] = createChannel({ clock, latencyMs: 1 / 7, bytesPerSecond: 3e7 });
    const messages = messagesAt(far);
    for (let i = 0; i < 100; i++) void near.send(bytes(i));
    await clock.moveTo(1.7e12 + 10);
    expect(messages.length).toBe(100);
    expect(clock.pending).toBe(0);
  });

  test("are kept by timers that fire before the clock says so", async () => {
    class CoarseClock extends VirtualClock {
      override now(): number {
        return Math.floor(super.now() / 10) * 10;
      }
    }
    const clock = new CoarseClock();
    const [near, far] = createChannel({ clock, latencyMs: 15 });
    const messages = messagesAt(far);
    void near.send(bytes(1));
    await clock.moveTo(15);
    expect(messages.length).toBe(1);
  });

  test("hold a close back as they do a message", async () => {
    const clock = new VirtualClock();
    const [near, far] = createChannel({ clock, latencyMs: 100, bytesPerSecond: 1000 });
    const [messages, closes] = [messagesAt(far), closesAt(far)];
    void near.send(new Uint8Array(50));
    const closed = near.close();
    await clock.moveTo(149);
    expect([messages.length, closes.length, far.state]).toEqual([0, 0, "open"]);
    await clock.moveTo(150);
    expect([messages.length, closes.length, far.state]).toEqual([1, 1, "closed"]);
    await closed;
  });

  test("need one timer in each direction", async () => {
    const clock = new VirtualClock();
    const [near, far] = createChannel({ clock, latencyMs: 10 });
    for (let i = 0; i < 3; i++) {
      void near.send(bytes(i));
      void far.send(bytes(i));
      await clock.moveTo(clock.now() + 1);
      expect(clock.pending).toBe(2);
    }
  });

  test("keep a sender waiting until enough was taken", async () => {
    const clock = new VirtualClock();
    const limits = { maxFrameBytes: 100, maxQueueBytes: 4 * 164 };
    const [near, far] = createChannel({ ...limits, clock, latencyMs: 100 });
    messagesAt(far);
    let isDone = false;
    for (const time of [10, 20, 30]) {
      isDone = false;
      void near.send(new Uint8Array(100)).then(() => (isDone = true));
      await clock.moveTo(time);
    }
    const wasDone: boolean[] = [];
    for (const time of [99, 105, 110]) {
      await clock.moveTo(time);
      wasDone.push(isDone);
    }
    expect(wasDone).toEqual([false, false, true]);
  });

  test("hold senders back", async () => {
    const clock = new VirtualClock();
    const limits = { maxFrameBytes: 100, maxQueueBytes: 4 * 164 };
    const [near, far] = createChannel({ ...limits, clock, latencyMs: 100 });
    messagesAt(far);
    let sends = 0;
    const sending = (async () => {
      for (; sends < 10; sends++) await near.send(new Uint8Array(100));
    })();
    await clock.moveTo(99);
    expect(sends).toBe(1);
    await clock.moveTo(1000);
    expect(sends).toBe(10);
    await sending;
  });
});

describe("loss", () => {
  test("breaks the line where the lost message would have been", async () => {
    for (const latencyMs of [0, 10]) {
      const clock = new VirtualClock();
      const chances = [0.9, 0.25, 0.24, 0.9];
      const random = () => chances.shift() ?? 0.9;
      const [near, far] = createChannel({ clock, latencyMs, loss: 0.25, random });
      const messages = messagesAt(far);
      const [here, there] = [closesAt(near), closesAt(far)];
      for (let i = 0; i < 4; i++) void near.send(bytes(i));
      await clock.moveTo(20);
      expect(messages).toEqual([bytes(0), bytes(1)]);
      for (const closes of [here, there]) {
        expect(closes).toMatchObject([{ error: { code: "TRANSPORT_CLOSED" } }]);
      }
    }
  });

  test("is none by default, and asks for no random number then", async () => {
    const random = () => {
      throw new Error("asked for a random number");
    };
    const [near, far] = createChannel({ random });
    const messages = messagesAt(far);
    await near.send(bytes(1));
    await settled();
    expect(messages.length).toBe(1);
  });

  test("of everything loses the first message", async () => {
    const [near, far] = createChannel({ loss: 1 });
    const [messages, closes] = [messagesAt(far), closesAt(far)];
    await near.send(bytes(1));
    await settled();
    expect([messages.length, closes.length]).toEqual([0, 1]);
  });
});

describe("a break", () => {
  test("loses what is on its way, both ways, and leaves no timer", async () => {
    const clock = new VirtualClock();
    const [near, far] = createChannel({ clock, latencyMs: 10 });
    const messages = [messagesAt(near), messagesAt(far)];
    void near.send(bytes(1));
    void far.send(bytes(2));
    await clock.moveTo(5);
    far.break();
    expect([near.state, far.state]).toEqual(["closed", "closed"]);
    expect(clock.pending).toBe(0);
    await clock.moveTo(100);
    expect(messages).toEqual([[], []]);
  });

  test("does nothing to a line that has ended", async () => {
    const [near, far] = createChannel();
    const closes = [closesAt(near), closesAt(far)];
    await near.close("DONE");
    near.break();
    far.break();
    await settled();
    const close = { code: "DONE", reason: undefined };
    expect(closes).toEqual([[close], [close]]);
  });

  test("of an end that was closed leaves the other what waits there", async () => {
    const [near, far] = createChannel();
    await near.send(bytes(1));
    await near.close("DONE");
    near.break();
    const [messages, closes] = [messagesAt(far), closesAt(far)];
    await settled();
    expect([messages, closes]).toEqual([[bytes(1)], [{ code: "DONE", reason: undefined }]]);
  });

  test("loses what waits for a listener", async () => {
    const [near, far] = createChannel();
    await near.send(bytes(1));
    await settled();
    near.break();
    const messages = messagesAt(far);
    await settled();
    expect(messages).toEqual([]);
  });

  test("changes nothing for an end that has ended before", async () => {
    const [near, far] = createChannel();
    await near.send(bytes(1));
    await near.close("DONE");
    far.break();
    const [here, there] = [closesAt(near), closesAt(far)];
    await settled();
    expect(here).toEqual([{ code: "DONE", reason: undefined }]);
    expect(there).toMatchObject([{ error: { code: "TRANSPORT_CLOSED" } }]);
  });

  test("ends a close that is on its way", async () => {
    const clock = new VirtualClock();
    const [near, far] = createChannel({ clock, latencyMs: 10 });
    const closes = [closesAt(near), closesAt(far)];
    const closed = near.close();
    far.break();
    await closed;
    expect(closes).toMatchObject([[{ error: {} }], [{ error: {} }]]);
  });
});

function bytes(...items: number[]): Uint8Array {
  return Uint8Array.from(items);
}

function messagesAt(end: ChannelEnd): Uint8Array[] {
  const messages: Uint8Array[] = [];
  end.onMessage((message) => messages.push(message));
  return messages;
}

function closesAt(end: ChannelEnd): TransportClose[] {
  const closes: TransportClose[] = [];
  end.onClose((close) => closes.push(close));
  return closes;
}

function arrivalsAt(end: ChannelEnd, clock: Clock): [time: number, bytes: number][] {
  const arrivals: [number, number][] = [];
  end.onMessage(({ length }) => arrivals.push([Math.round(clock.now()), length]));
  return arrivals;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : error;
}
